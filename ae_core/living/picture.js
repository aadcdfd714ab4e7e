/**
 * The living picture: a digit goes in, shrinks to a code, and comes out, and a hand can take hold of each.
 *
 * It shows one network, or several on the same digit with the same noise, in step.
 */

import { drawDigit } from "./canvas.js";
import { loadNetwork, readDigits, readPatterns, watchNetwork } from "./data.js";
import { followDials, oncePerFrame } from "./dials.js";
import { followHand } from "./dragging.js";
import { makeElement, setText } from "./elements.js";
import { createFigure, createNetworkView } from "./network_view.js";
import { addNoise } from "./noise.js";
import { followStrokes, paintLine } from "./painting.js";
import { createReader } from "./reader.js";

/** Milliseconds that drawing may take in a frame; beyond, the networks' inside comes in the next. */
const FRAME_SHARE = 12;
/** Milliseconds of rest after which a screen reader is told. */
const REST = 700;
const TOLD_NUMBERS = 3;

/**
 * @typedef {object} Shown
 * @property {string} digit 784 bytes in base64
 * @property {string} pattern of its noise, for `readPatterns`
 * @property {string} kind of the noise
 * @property {number} level of the noise
 * @property {{ name: string, address: string, sizes?: Record<string, string>, is_watched?: boolean }[]}
 *     networks those shown, with the addresses of those of other latent sizes; one that is watched is in
 *     training, and changes at its address
 * @property {string} noise_dial key of the slider of the noise; empty where there is none
 * @property {string} size_dial key of that of the latent size
 * @property {boolean} [hides_answers] whether what comes out, of several, is not shown yet
 * @property {{ address: string, note: string } | null} classifier what reads the pictures, and a word on it
 * @property {Record<string, any>} words what is written: ae_core.living.words.WORDS
 */

/** What a screen reader says: error, if it is told, reading, and the code's numbers farthest from 0. */
function inWords(words, name, { error, reading, code }, hidesAnswers) {
    const inOrder = [...code.keys()].toSorted((a, b) => Math.abs(code[b]) - Math.abs(code[a]));
    const numbers = inOrder
        .slice(0, TOLD_NUMBERS)
        .map((i) => words.number_is.replace("{i}", `${i + 1}`).replace("{v}", code[i].toFixed(1)));
    const figures = hidesAnswers ? [] : [`${words.error} ${error.toFixed(1)}`, reading].filter(Boolean);
    const said = figures.length ? `${figures.join(", ")}. ` : "";
    return `${name}: ${said}${words.largest} ${numbers.join(", ")}.`;
}

function createPicture(root, words, names, context) {
    const isOne = names.length === 1;
    const element = makeElement("div", { className: "lab-living" });
    const grid = makeElement("div", { className: isOne ? "grid one" : "grid several" });
    const status = makeElement("p", { className: "unseen" });
    status.setAttribute("role", "status");
    const note = makeElement("p", { className: "reader", hidden: true });
    element.append(grid, note, status);

    const digit = createFigure("digit", words.digit);
    const noisy = createFigure("noisy", words.noisy);
    const tools = makeElement("div", { className: "tools" });
    const rub = makeElement("button", { type: "button", textContent: words.rub });
    rub.setAttribute("aria-pressed", "false");
    const restore = makeElement("button", {
        type: "button",
        textContent: words.restore,
        disabled: true,
    });
    tools.append(rub, restore);
    digit.element.append(tools);

    /** @type {Shown} */
    let shown = null;
    let given = new Float32Array(784);
    let clean = given;
    let seen = given; // by the networks
    let pattern = [];
    let level = 0;
    let isRubbing = false;
    const reader = createReader(words);
    let order = 0;
    let [isNew, timer] = [true, 0];

    let taken = 0; // milliseconds for all of the last drawing
    const drawInside = () => {
        const began = performance.now();
        for (const view of views) if (view.hasNetwork()) view.drawInside();
        taken += performance.now() - began;
    };
    const drawInsideNext = oncePerFrame(drawInside, context.fail);
    const draw = () => {
        const drawn = views.filter((view) => view.hasNetwork()); // one in training may have to come yet
        if (!drawn.length) return;
        const [began, isHurried] = [performance.now(), taken > FRAME_SHARE];
        if (isNew) {
            isNew = false;
            seen = addNoise(clean, shown.kind, level, pattern);
            drawDigit(digit.canvas, clean);
            drawDigit(noisy.canvas, seen);
            setText(noisy.title, level ? words.noisy : words.not_noisy);
            for (const view of drawn) view.setInput(seen, clean);
            restore.disabled = clean === given;
        }
        const hidesAnswers = Boolean(shown.hides_answers);
        grid.classList.toggle("asks", hidesAnswers);
        const told = drawn.map((view) => view.draw(hidesAnswers));
        reader.show([
            [digit.reading, clean],
            [noisy.reading, seen],
            ...drawn.map(({ elements }, i) => [elements.reading, hidesAnswers ? null : told[i].output]),
        ]);
        noisy.element.classList.toggle("idle", told.every(({ isPulled }) => isPulled));
        taken = performance.now() - began;
        // What the hand is at comes first: the picture that comes out, or the bar that it pulls.
        if (isHurried && !told.some(({ isFirst }) => isFirst)) drawInsideNext();
        else drawInside();
        clearTimeout(timer);
        timer = setTimeout(() => {
            const said = told.map((each, i) => {
                const reading = drawn[i].elements.reading.textContent;
                return inWords(words, names[views.indexOf(drawn[i])], { ...each, reading }, hidesAnswers);
            });
            setText(status, said.join(" "));
        }, REST);
    };
    const redraw = oncePerFrame(draw, context.fail);
    const redrawInput = () => {
        isNew = true;
        redraw();
    };
    const views = names.map(() => createNetworkView(isOne ? words : { ...words, ...words.several }, redraw));

    if (isOne) {
        const { encoder, strip, decoder, rebuilt, difference, code, lens } = views[0].elements;
        grid.append(digit.element, noisy.element, encoder.element, strip, decoder.element);
        grid.append(code, rebuilt, difference, lens);
    } else {
        const inputs = makeElement("div", { className: "inputs" });
        inputs.append(digit.element, noisy.element);
        grid.style.setProperty("--lab-networks", `${names.length}`);
        grid.append(inputs, ...views.map(({ elements }, i) => {
            const row = makeElement("section", { className: "network" });
            const { encoder, strip, decoder, rebuilt, difference, code, lens } = elements;
            row.append(makeElement("h4", { textContent: names[i] }));
            const answer = makeElement("div", { className: "answer" });
            answer.append(rebuilt, difference);
            row.append(encoder.element, strip, decoder.element, code, answer, lens);
            return row;
        }));
    }

    followStrokes(digit.canvas, (from, to) => {
        clean = paintLine(clean, from, to, isRubbing);
        redrawInput();
    });
    rub.addEventListener("click", () => {
        isRubbing = !isRubbing;
        rub.setAttribute("aria-pressed", `${isRubbing}`);
    });
    restore.addEventListener("click", () => {
        clean = given;
        redrawInput();
    });

    const setNetworks = async (addresses) => {
        const mine = ++order;
        const networks = await Promise.all(
            addresses.map((address) => loadNetwork(context.base + address)),
        ).catch((problem) => {
            if (mine === order) throw problem;
        });
        if (mine !== order) return;
        views.forEach((view, i) => view.setNetwork(networks[i]));
        redrawInput();
    };

    /** Have pictures read from now on; where the classifier does not come, nothing is said of them. */
    const startReading = async ({ address, note: text }) => {
        setText(note, text);
        note.hidden = false;
        try {
            await reader.load(context.base + address);
        } catch {
            note.hidden = true;
        }
    };

    let letTrainingGo = () => {};
    /**
     * Show networks of which some are in training, as they change, until `letTrainingGo`. Resolves once there
     * is something to show.
     */
    const followTraining = (networks) =>
        new Promise((resolve, reject) => {
            const mine = ++order;
            const show = (i, network) => {
                if (mine !== order) return; // something else is shown by now
                views[i].setNetwork(network);
                redrawInput();
                resolve();
            };
            const watches = networks.map(({ address, is_watched: isWatched }, i) => {
                const place = context.base + address;
                if (isWatched) return watchNetwork(place, (now) => show(i, now), () => context.tell("over"));
                loadNetwork(place).then(
                    (network) => show(i, network),
                    (problem) => mine === order && reject(problem),
                );
                return () => {};
            });
            letTrainingGo = () => watches.forEach((end) => end());
        });

    const changeSize = (_key, input) => {
        const size = input.getAttribute("aria-valuetext");
        const addresses = shown.networks.map(({ sizes }) => sizes?.[size]);
        if (addresses.every(Boolean)) setNetworks(addresses).catch(context.fail);
    };
    /** Get the networks of all sizes as soon as a hand comes near their dial. */
    const foresee = ({ target }) => {
        if (!shown.size_dial || !target.closest?.(`.st-key-${shown.size_dial}`)) return;
        const all = shown.networks.flatMap(({ sizes }) => Object.values(sizes ?? {}));
        all.reduce(
            (before, address) => before.then(() => loadNetwork(context.base + address)),
            Promise.resolve(),
        ).catch(() => {});
    };
    const listening = new AbortController();
    document.addEventListener("pointerover", foresee, { signal: listening.signal });
    document.addEventListener("focusin", foresee, { signal: listening.signal });
    let letGo = () => {};

    return {
        /** @param {Shown} next */
        async show(next) {
            letGo();
            letTrainingGo();
            const isSameDigit = shown?.digit === next.digit;
            shown = next;
            if (!isSameDigit) {
                [given] = readDigits(next.digit);
                clean = given;
            }
            [pattern] = readPatterns(next.pattern, 1);
            ({ level } = next);
            const addresses = next.networks.map(({ address }) => address);
            const isTraining = next.networks.some(({ is_watched: isWatched }) => isWatched);
            await (isTraining ? followTraining(next.networks) : setNetworks(addresses));
            if (shown !== next) return;
            const noise = followHand(next.noise_dial ? [next.noise_dial] : [], () => {
                level = noise.valueOf(next.noise_dial, level);
                redrawInput();
            });
            const letSizeGo = followDials(next.size_dial ? [next.size_dial] : [], changeSize);
            letGo = () => {
                noise.letGo();
                letSizeGo();
            };
            if (next.noise_dial) level = noise.valueOf(next.noise_dial, level); // moved meanwhile
            if (!element.isConnected) {
                root.append(element);
                draw();
                context.isReady();
                for (const view of views) view.resize();
                if (next.classifier) startReading(next.classifier);
            }
        },
        end() {
            order++;
            letGo();
            letTrainingGo();
            listening.abort();
            clearTimeout(timer);
            reader.end();
            for (const view of views) view.end();
            element.remove();
        },
    };
}

/**
 * Draw the living picture, or have the one that is there show something else.
 * @param {ShadowRoot | HTMLElement} root
 * @param {Shown} data
 * @param {{ base: string, fail: (problem: unknown) => void, isReady: () => void }} context
 * @returns {() => void} ends it
 */
export default function mountPicture(root, data, context) {
    const names = data.networks.map(({ name }) => name);
    if (root.picture && root.picture.names.join() !== names.join()) {
        root.picture.end();
        root.picture = null;
    }
    root.picture ??= { names, ...createPicture(root, data.words, names, context) };
    root.picture.show(data).catch(context.fail);
    return () => {
        root.picture?.end();
        root.picture = null;
    };
}
