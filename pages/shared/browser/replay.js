/**
 * Plays a figure with a slider, step by step. Nothing plays by itself.
 *
 * It moves the slider by the keys that `slider_keys.js` has its handle understand, and stops as soon as
 * somebody takes hold of the figure.
 */

/** Milliseconds from a step to the next. */
const SPEEDS = { slow: 900, normal: 350, fast: 120 };
/** For those who have asked their system for less motion. */
const CALM = "slow";

/**
 * Words and classes of a new element.
 * @param {string} tag
 * @param {object} properties
 * @returns {HTMLElement}
 */
function make(tag, properties) {
    return Object.assign(document.createElement(tag), properties);
}

/** The choice of a speed, under its name. @param {Record<string, string>} words */
function makeSpeeds(words) {
    const label = make("label", { textContent: `${words.speed} ` });
    const choice = make("select", {});
    const wantsCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    const first = wantsCalm ? CALM : "normal";
    for (const name of Object.keys(SPEEDS)) {
        choice.append(make("option", { value: name, textContent: words[name], selected: name === first }));
    }
    label.append(choice);
    return { label, choice };
}

/**
 * @param {object} component
 * @param {{ figure: string, words: Record<string, string> }} component.data key of the figure, and words
 * @param {ShadowRoot} component.parentElement
 * @returns {() => void} stops it and lets the page go
 */
export default function playFigure({ data: { figure, words }, parentElement: root }) {
    const first = make("button", { type: "button", textContent: words.first, disabled: true });
    const play = make("button", { type: "button", className: "play", disabled: true });
    const place = make("output", {});
    const { label, choice } = makeSpeeds(words);
    const row = make("div", { className: "replay" });
    row.append(first, play, label, place);
    root.querySelector(".replay")?.remove();
    root.append(row);

    let next = 0;
    const findHandle = () => document.querySelector(`.st-key-${figure} .lab-slider-key`);
    const press = (key) => findHandle()?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    const standsAt = (end) => {
        const handle = findHandle();
        return !handle || handle.getAttribute("aria-valuenow") === handle.getAttribute(`aria-value${end}`);
    };

    const show = () => {
        const handle = findHandle();
        for (const button of [first, play]) button.disabled = !handle;
        const isPlaying = next !== 0;
        play.textContent = isPlaying ? words.pause : words.play;
        play.classList.toggle("playing", isPlaying);
        place.textContent = handle ? words.step.replace("{step}", handle.getAttribute("aria-valuetext")) : "";
    };
    const pause = () => {
        clearTimeout(next);
        next = 0;
        show();
    };
    const wait = () => {
        next = setTimeout(() => {
            press("ArrowRight");
            if (standsAt("max")) pause();
            else wait();
        }, SPEEDS[choice.value]);
    };

    play.addEventListener("click", () => {
        if (next) {
            pause();
            return;
        }
        if (standsAt("max")) press("Home");
        wait();
        show();
    });
    first.addEventListener("click", () => {
        pause();
        press("Home");
    });

    const stopForHands = (event) => {
        if (event.isTrusted && event.target.closest?.(`.st-key-${figure}`)) pause();
    };
    const observer = new MutationObserver(show);
    observer.observe(document.body, { subtree: true, attributeFilter: ["aria-valuetext"] });
    document.addEventListener("pointerdown", stopForHands, true);
    document.addEventListener("keydown", stopForHands, true);
    show();
    return () => {
        clearTimeout(next);
        observer.disconnect();
        document.removeEventListener("pointerdown", stopForHands, true);
        document.removeEventListener("keydown", stopForHands, true);
    };
}
