/** Parts of lessons that follow the hand: each begins anew when the page gives it other data. */

import { beginAgain } from "./again.js";
import { loadNetwork } from "./data.js";
import { beginCursor } from "./cursor.js";
import { beginDirections } from "./directions.js";
import { makeElement } from "./elements.js";
import { beginManifold } from "./manifold.js";
import { beginSteps } from "./steps.js";
import { beginWalk } from "./walk.js";

/**
 * A part: puts its pictures, drawn, into a block of its own. Gives back what lets sliders and figures go.
 * @typedef {(block: HTMLElement, data: object, networks: import("./network.js").Network[],
 *     fail: (problem: unknown) => void) => () => void} Part
 */

/** @type {Record<string, Part>} */
const PARTS = {
    walk: beginWalk,
    directions: beginDirections,
    manifold: beginManifold,
    again: beginAgain,
    steps: beginSteps,
    cursor: beginCursor,
};

/** Draw the part in place of the one that is there, once its networks have come. */
async function beginPart(root, data, { base, fail, isReady }) {
    const networks = await Promise.all(data.networks.map((address) => loadNetwork(base + address)));
    if (root.newest !== data) return;
    root.letGo?.();
    const block = makeElement("div", { className: `part ${data.part}` });
    root.letGo = PARTS[data.part](block, data, networks, fail);
    root.querySelector(".part")?.remove();
    root.append(block);
    isReady();
}

/**
 * @param {ShadowRoot} root
 * @param {{ part: string, networks: string[] }} data its name, addresses of networks, and what it takes
 * @param {{ base: string, fail: (problem: unknown) => void, isReady: () => void }} context
 * @returns {() => void} ends it
 */
export default function mountPart(root, data, context) {
    root.newest = data;
    beginPart(root, data, context).catch(context.fail);
    return () => {
        root.newest = null;
        root.letGo?.();
        root.letGo = null;
    };
}
