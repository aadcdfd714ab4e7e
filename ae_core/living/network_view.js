/** One network at work on one picture: its two paths, its code, what comes out, and how far that is off. */

import { drawDigit, largest, makeCanvas, twoColours } from "./canvas.js";
import { createCodeBars } from "./code_bars.js";
import { makeElement, setText } from "./elements.js";
import { createLens } from "./lens.js";
import { clip, decoderDerivative, runLayers } from "./network.js";
import { colourOfCode, createPath, drawStage, layoutOf, stagesOf } from "./stages.js";

/** A code of more numbers than this is no row of bars. */
const MOST_BARS = 256;
/** Pixels a number, at most. */
const LARGEST_SCALE = 9;
/** Pixels between stages. */
const STAGE_GAP = 10;

/** Squared error, summed over the pixels. */
export function squaredError(one, other) {
    return one.reduce((sum, value, i) => sum + (value - other[i]) ** 2, 0);
}

/**
 * A picture under its title, with a line below for what it reads as.
 * @returns {{ element: HTMLElement, canvas: HTMLCanvasElement, title: HTMLElement, reading: HTMLElement }}
 */
export function createFigure(name, words) {
    const element = makeElement("figure", { className: name });
    const title = makeElement("figcaption", { textContent: words });
    const canvas = makeCanvas(words);
    const reading = makeElement("div", { className: "reading" });
    element.append(title, canvas, reading);
    return { element, canvas, title, reading };
}

/**
 * @param {Record<string, any>} words
 * @param {() => void} redraw asks for a new picture in the next frame
 */
export function createNetworkView(words, redraw) {
    let network = null;
    let isRebuilt = false; // the stages are new, and not to scale yet
    let [input, clean, pulled, pointed] = [null, null, null, null];
    let looked = null; // the stage looked at: its path, itself, and the place in it
    let stages = { encoder: [], decoder: [] };
    let told = { error: 0, output: new Float32Array(784), code: new Float32Array() };
    let made = null; // what `draw` has worked out, by which network, and from what
    let drawn = null; // the encoder's outputs that its path shows

    const lookAt = (path) => (stage, place) => {
        looked = stage && { path, stage, place };
        redraw();
    };
    const paths = {
        encoder: createPath(words.encoder, false, lookAt("encoder")),
        decoder: createPath(words.decoder, true, lookAt("decoder")),
    };
    const strip = makeElement("div", { className: "strip" });
    strip.append(makeElement("div", { className: "path-name", textContent: words.strip }));
    const stripCanvas = strip.appendChild(makeCanvas(words.bottleneck));
    const rebuilt = createFigure("rebuilt", words.rebuilt);
    const difference = createFigure("difference", words.difference);
    const code = makeElement("div", { className: "code" });
    const line = makeElement("div", { className: "code-line" });
    const codeTitle = line.appendChild(makeElement("span"));
    const note = line.appendChild(makeElement("span", { className: "note" }));
    note.setAttribute("role", "status");
    const back = line.appendChild(
        makeElement("button", { type: "button", textContent: words.put_back, hidden: true }),
    );
    const bars = createCodeBars({
        words: words.bars,
        onPull(i, value) {
            pulled = (pulled ?? told.code).with(i, value);
            redraw();
        },
        onPoint(i) {
            pointed = i;
            redraw();
        },
    });
    const lens = createLens(words.lens);
    code.append(line, bars.element);
    back.addEventListener("click", ({ detail }) => {
        pulled = null;
        redraw();
        if (!detail) bars.element.querySelector("[tabindex='0']")?.focus(); // the key's own button goes away
    });

    const resize = () => {
        if (!network) return;
        const needs = [paths.encoder.needs(), paths.decoder.needs()];
        const room = paths.encoder.element.getBoundingClientRect();
        const rest = room.width - STAGE_GAP * (Math.max(...needs.map(({ count }) => count)) + 1);
        const tall = room.height - 60;
        const scale = Math.min(
            LARGEST_SCALE,
            ...needs.flatMap(({ width, height, count }) => (count ? [rest / width, tall / height] : [])),
        );
        const fine = Math.max(scale > 2 ? Math.floor(2 * scale) / 2 : scale, 0.5);
        stripCanvas.style.width = `${stripCanvas.width * fine}px`;
        stripCanvas.style.height = `${stripCanvas.height * fine}px`;
        const narrow = Math.min((stripCanvas.height * fine + 8) / Math.max(room.height, 1), 1);
        paths.encoder.resize(fine, narrow);
        paths.decoder.resize(fine, narrow);
    };
    const observer = new ResizeObserver(resize);
    observer.observe(paths.encoder.element);

    const drawBars = () => {
        const { shown, given } = made;
        if (shown.length <= MOST_BARS) bars.show(shown, given);
        else bars.element.replaceChildren();
    };
    const drawLens = (ways) => {
        if (!looked) {
            lens.hide();
            return;
        }
        const { path, stage, place } = looked;
        const start = path === "encoder" ? input : told.code;
        lens.element.classList.toggle("beside-decoder", path === "decoder");
        lens.show(stage, network[path], ways[path], start, place);
    };

    return {
        elements: {
            ...paths,
            strip,
            code,
            rebuilt: rebuilt.element,
            reading: rebuilt.reading,
            difference: difference.element,
            lens: lens.element,
        },
        /** @param {import("./network.js").Network} shown */
        setNetwork(shown) {
            if (shown === network) return;
            network = shown;
            isRebuilt = true;
            [pulled, looked, pointed] = [null, null, null];
            [made, drawn] = [null, null];
            stages = { encoder: stagesOf(network.encoder), decoder: stagesOf(network.decoder) };
            paths.encoder.setStages(stages.encoder.slice(0, -1));
            paths.decoder.setStages(stages.decoder.slice(0, -1));
        },
        /** @param {Float32Array} seen what goes in @param {Float32Array} wanted what should come out */
        setInput(seen, wanted) {
            [input, clean, pulled] = [seen, wanted, null];
        },
        hasNetwork: () => network !== null,
        /**
         * Work everything out, and draw what comes out of it, and the code where a hand pulls it. What is
         * told besides: whether it does, and whether nothing of the network's inside has been drawn yet.
         * @param {boolean} hidesError
         */
        draw(hidesError) {
            const isSame = made?.network === network && made.input === input; // as while the code is pulled
            const encoded = isSame ? made.encoded : runLayers(network.encoder, input);
            const given = encoded.at(-1);
            const shown = pulled ?? given;
            const decoded = runLayers(network.decoder, shown);
            const output = clip(decoded.at(-1));
            const error = squaredError(output, clean);
            told = { error, output, code: shown };
            made = { network, input, encoded, decoded, given, shown };

            drawDigit(rebuilt.canvas, output);
            const said = hidesError ? "" : `, ${words.error} ${error.toFixed(1)}`;
            setText(rebuilt.title, `${words.rebuilt}${said}`);
            if (pointed === null) {
                const off = output.map((value, i) => value - clean[i]);
                drawDigit(difference.canvas, off, twoColours(1));
                setText(difference.title, words.difference);
            }
            if (pulled) drawBars();
            return { ...told, isPulled: pulled !== null, isFirst: isRebuilt };
        },
        /** Draw what is inside of it, stages and code, as `draw` has last worked it out. */
        drawInside() {
            if (made?.network !== network) return; // another one has come, and is still to be drawn
            const { encoded, decoded, shown } = made;
            if (encoded !== drawn) paths.encoder.draw(encoded);
            drawn = encoded;
            paths.decoder.draw(decoded);
            drawStage(stripCanvas, shown, layoutOf(stages.encoder.at(-1).shape, 6), colourOfCode(shown));
            if (!pulled) drawBars();
            if (pointed !== null) {
                const slope = decoderDerivative(network, shown, pointed);
                drawDigit(difference.canvas, slope, twoColours(largest(slope)));
                setText(difference.title, words.derivative.replace("{i}", `${pointed + 1}`));
            }
            const title = shown.length === 1 ? words.one_number : words.code;
            setText(codeTitle, title.replace("{n}", `${shown.length}`));
            setText(note, pulled ? words.pulled : "");
            back.hidden = !pulled;
            paths.encoder.element.classList.toggle("idle", pulled !== null);
            drawLens({ encoder: encoded, decoder: decoded });
            if (isRebuilt) resize();
            isRebuilt = false;
        },
        resize,
        end: () => observer.disconnect(),
    };
}
