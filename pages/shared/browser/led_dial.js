/** A dial that the script which follows a presenter can set, on the part of the page that holds it. */

/**
 * @param {object} component
 * @param {{ key: string, default: number }} component.data
 * @param {(name: string, value: number) => void} component.setTriggerValue
 * @returns {() => void} ends it
 */
export default function ledDial({ data, setTriggerValue }) {
    const dials = (document.labLedDials ??= new Map());
    const dial = { default: data.default, set: (value) => setTriggerValue("value", value) };
    dials.set(data.key, dial);
    return () => {
        if (dials.get(data.key) === dial) dials.delete(data.key);
    };
}
