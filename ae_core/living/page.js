/** The living picture on a page of its own, which needs no server: its digits and its noise. */

/** In the class of the noise slider's label, by which `dials.js` finds it. */
const NOISE = "lab_noise";

const find = (id) => document.getElementById(`lab-${id}`);

/**
 * Open the picture on the first digit, and have it follow the page's own dials.
 * @param {(root: HTMLElement, data: object, context: object) => unknown} mount default export of `picture.js`
 */
export function openPicture(mount) {
    const { digits, ...shared } = JSON.parse(find("data").textContent);
    const root = find("picture");
    const choice = find("digit");
    const noise = find("noise");
    const context = {
        base: "",
        tell() {},
        isReady() {
            find("first").querySelector(".lab-living")?.remove(); // and not the style beside it
            find("dials").hidden = false;
        },
        fail(problem) {
            find("problem").textContent = shared.words.cannot_draw.replace("{problem}", String(problem));
        },
    };
    const show = () => {
        const now = { digit: digits[choice.value], level: Number(noise.value), noise_dial: NOISE };
        mount(root, { ...shared, ...now }, context);
    };

    choice.addEventListener("change", show);
    find("next").addEventListener("click", () => {
        choice.value = `${(Number(choice.value) + 1) % digits.length}`;
        show();
    });
    noise.addEventListener("input", () => {
        noise.setAttribute("value", noise.value); // a change of the page, which is what is followed
        noise.parentElement.querySelector("output").textContent = noise.value;
    });
    show();
}
