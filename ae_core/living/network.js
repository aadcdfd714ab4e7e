/**
 * An autoencoder in the browser, x̃ = D(E(x)): the layers that ae_core/models.py builds, with the very
 * weights that PyTorch trained.
 *
 * A network is two lists of layers. A layer takes a flat list of numbers and gives another; what shape they
 * have, (channels, height, width) or (numbers), is written beside it.
 */

/**
 * @typedef {object} Layer
 * @property {string} kind a key of LAYERS
 * @property {number[]} from shape of what goes in
 * @property {number[]} to shape of what comes out
 * @property {number} [kernel] a filter's height and width
 * @property {number} [stride] pixels from one place of a filter to the next
 * @property {number} [padding] pixels of 0 around the picture
 * @property {number} [factor] of a pixel shuffle
 * @property {number} [size] of a pool's window
 * @property {Float32Array} [weights] in torch's order
 * @property {Float32Array} [biases] one for each number or filter
 * @property {Float32Array} [byInput] the weights turned round, once they were
 */

/** @typedef {{ encoder: Layer[], decoder: Layer[] }} Network */
/** @typedef {{ layers: Layer[] }} Classifier 784 pixels in, a number for each of the ten digits out */

const countOf = (shape) => shape.reduce((product, size) => product * size, 1);

// Layers with weights

/**
 * Weights turned round, so that those of one number in lie together: once for a layer.
 * @param {Layer} layer
 * @param {number} count of numbers, or filters, out
 * @returns {Float32Array} for each weight of one of them, that of all
 */
function weightsByInput(layer, count) {
    if (layer.byInput) return layer.byInput;
    const { weights } = layer;
    const each = weights.length / count;
    layer.byInput = new Float32Array(weights.length);
    for (let o = 0; o < count; o++) {
        for (let i = 0; i < each; i++) layer.byInput[i * count + o] = weights[o * each + i];
    }
    return layer.byInput;
}

/** Add `count` of `weights`, times `value`, to the sums. */
function addScaled(sums, at, weights, from, count, value) {
    for (let o = 0; o < count; o++) sums[at + o] += value * weights[from + o];
}

/** Every number out is a weighted sum of all numbers in; of those that are 0, nothing. */
function linear(layer, values) {
    const sums = layer.biases.slice();
    const count = sums.length;
    const weights = weightsByInput(layer, count);
    for (let i = 0; i < values.length; i++) {
        if (values[i] !== 0) addScaled(sums, 0, weights, i * count, count, values[i]);
    }
    return sums;
}

/**
 * The patch of every channel that a filter sees at one place, one after the other; what lies outside is 0.
 * @param {Layer} layer
 * @param {Float32Array} values what goes into the layer
 * @param {number} y row of the place in what comes out
 * @param {number} x column of it
 * @returns {Float32Array} channels × kernel × kernel
 */
export function patchAt({ from: [channels, height, width], kernel, stride, padding }, values, y, x) {
    const patch = new Float32Array(channels * kernel * kernel);
    const top = y * stride - padding;
    const left = x * stride - padding;
    const first = Math.max(0, -left);
    const end = Math.min(kernel, width - left);
    for (let c = 0; c < channels; c++) {
        for (let i = Math.max(0, -top); i < Math.min(kernel, height - top); i++) {
            const row = (c * height + top + i) * width + left;
            const there = (c * kernel + i) * kernel;
            for (let j = first; j < end; j++) patch[there + j] = values[row + j];
        }
    }
    return patch;
}

/**
 * Every filter slides over the picture: at each place, the sum of its weights times the patch below it.
 * Worked out the other way round, each number in to all places that see it: those that are 0 cost nothing.
 */
function convolution(layer, values) {
    const { from, to, kernel, stride, padding, biases } = layer;
    const [channels, height, width] = from;
    const [filters, outHeight, outWidth] = to;
    const weights = weightsByInput(layer, filters);
    const places = outHeight * outWidth;
    const sums = new Float32Array(places * filters); // of each place, all filters
    for (let place = 0; place < places; place++) sums.set(biases, place * filters);
    for (let c = 0; c < channels; c++) {
        for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
                const value = values[(c * height + y) * width + x];
                if (value === 0) continue;
                for (let i = (y + padding) % stride; i < kernel; i += stride) {
                    const row = (y + padding - i) / stride;
                    if (row < 0 || row >= outHeight) continue;
                    for (let j = (x + padding) % stride; j < kernel; j += stride) {
                        const column = (x + padding - j) / stride;
                        if (column < 0 || column >= outWidth) continue;
                        const place = row * outWidth + column;
                        const weight = (c * kernel + i) * kernel + j;
                        addScaled(sums, place * filters, weights, weight * filters, filters, value);
                    }
                }
            }
        }
    }
    const out = new Float32Array(filters * places);
    for (let place = 0; place < places; place++) {
        for (let f = 0; f < filters; f++) out[f * places + place] = sums[place * filters + f];
    }
    return out;
}

/** A convolution the other way round: every number lays its filter, times itself, onto the picture. */
function transposedConvolution({ from, to, kernel, stride, padding, weights, biases }, values) {
    const [channels, height, width] = from;
    const [filters, outHeight, outWidth] = to;
    const size = outHeight * outWidth;
    const out = new Float32Array(filters * size);
    for (let f = 0; f < filters; f++) out.fill(biases[f], f * size, (f + 1) * size);
    for (let c = 0; c < channels; c++) {
        for (let y = 0; y < height; y++) {
            for (let x = 0; x < width; x++) {
                const value = values[(c * height + y) * width + x];
                if (value === 0) continue;
                for (let f = 0; f < filters; f++) {
                    for (let i = 0; i < kernel; i++) {
                        const row = y * stride - padding + i;
                        if (row < 0 || row >= outHeight) continue;
                        for (let j = 0; j < kernel; j++) {
                            const column = x * stride - padding + j;
                            if (column < 0 || column >= outWidth) continue;
                            const weight = weights[((c * filters + f) * kernel + i) * kernel + j];
                            out[(f * outHeight + row) * outWidth + column] += value * weight;
                        }
                    }
                }
            }
        }
    }
    return out;
}

// Layers without weights

/** Of each channel the `factor`² maps that belong to it, laid out as its pixels (Shi et al. 2016). */
function pixelShuffle({ from: [, height, width], to: [channels, outHeight, outWidth], factor }, values) {
    const out = new Float32Array(channels * outHeight * outWidth);
    for (let c = 0; c < channels; c++) {
        for (let y = 0; y < outHeight; y++) {
            for (let x = 0; x < outWidth; x++) {
                const map = (c * factor + (y % factor)) * factor + (x % factor);
                const place = (map * height + Math.floor(y / factor)) * width + Math.floor(x / factor);
                out[(c * outHeight + y) * outWidth + x] = values[place];
            }
        }
    }
    return out;
}

/** Of every window of `size` × `size` the largest number. */
function maxPool({ from: [, height, width], to: [channels, outHeight, outWidth], size }, values) {
    const out = new Float32Array(channels * outHeight * outWidth).fill(-Infinity);
    for (let c = 0; c < channels; c++) {
        for (let y = 0; y < outHeight * size; y++) {
            for (let x = 0; x < outWidth * size; x++) {
                const place = (c * outHeight + Math.floor(y / size)) * outWidth + Math.floor(x / size);
                out[place] = Math.max(out[place], values[(c * height + y) * width + x]);
            }
        }
    }
    return out;
}

/** The error function, to 1.5e-7 (Abramowitz and Stegun 1964, 7.1.26). */
function erf(x) {
    const t = 1 / (1 + 0.3275911 * Math.abs(x));
    const factors = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
    const series = factors.reduce((sum, factor) => (sum + factor) * t, 0);
    return Math.sign(x) * (1 - series * Math.exp(-x * x));
}

const LAYERS = {
    linear,
    convolution,
    "transposed convolution": transposedConvolution,
    "pixel shuffle": pixelShuffle,
    "max pool": maxPool,
    relu: (_, values) => values.map((v) => (v < 0 ? 0 : v)),
    gelu: (_, values) => values.map((v) => (v * (1 + erf(v / Math.SQRT2))) / 2),
    tanh: (_, values) => values.map(Math.tanh),
    sigmoid: (_, values) => values.map((v) => 1 / (1 + Math.exp(-v))),
};

/** Whether a layer has weights. */
export const hasWeights = ({ kind }) => /linear|convolution/.test(kind);

// The network

/**
 * What each layer makes of the values, one after the other.
 * @param {Layer[]} layers
 * @param {Float32Array} values
 * @returns {Float32Array[]} as many as there are layers; the last is what the whole list makes
 */
export function runLayers(layers, values) {
    const way = [];
    for (const layer of layers) way.push((values = LAYERS[layer.kind](layer, values)));
    return way;
}

/**
 * Latent code z = E(x) of one picture.
 * @param {Network} network
 * @param {Float32Array} pixels 784 values in [0, 1]
 * @returns {Float32Array} as many numbers as the code has
 */
export function encode(network, pixels) {
    return runLayers(network.encoder, pixels).at(-1);
}

/**
 * Reconstruction x̃ = D(z), clipped to the visible range, which only a linear network leaves.
 * @param {Network} network
 * @param {Float32Array} code
 * @returns {Float32Array} 784 values in [0, 1]
 */
export function decode(network, code) {
    return clip(runLayers(network.decoder, code).at(-1));
}

/** @param {Float32Array} pixels @returns {Float32Array} the same, none below 0 or above 1 */
export function clip(pixels) {
    return pixels.map((v) => Math.min(Math.max(v, 0), 1));
}

/**
 * How each pixel of the reconstruction changes with one number of the code, ∂x̃/∂zᵢ, by a central difference.
 * @param {Network} network
 * @param {Float32Array} code
 * @param {number} i which number
 * @param {number} step of that number
 * @returns {Float32Array} 784 values, per unit of the number
 */
export function decoderDerivative(network, code, i, step = 0.05) {
    const moved = (by) => runLayers(network.decoder, code.with(i, code[i] + by)).at(-1);
    const below = moved(-step);
    return moved(step).map((v, k) => (v - below[k]) / (2 * step));
}

/**
 * How likely a picture shows each of the ten digits.
 * @param {Classifier} classifier
 * @param {Float32Array} pixels 784 values in [0, 1]
 * @returns {Float32Array} ten probabilities, of sum 1
 */
export function classify(classifier, pixels) {
    const scores = runLayers(classifier.layers, pixels).at(-1);
    const most = Math.max(...scores);
    const powers = scores.map((score) => Math.exp(score - most));
    const sum = powers.reduce((total, power) => total + power, 0);
    return powers.map((power) => power / sum);
}

// The network's file

/** @param {number} bits of a 16-bit float, IEEE 754 @returns {number} */
function halfFloat(bits) {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : 2 ** -14 * (fraction / 1024));
}

/** All 16-bit floats by their bits: each number of a network, of half a million, is looked up here. */
const HALF_FLOATS = Float32Array.from({ length: 2 ** 16 }, (_, bits) => halfFloat(bits));

/** How many weights and how many biases a layer has. */
function weightCounts({ kind, from, to, kernel }) {
    if (kind === "linear") return [countOf(from) * countOf(to), countOf(to)];
    return hasWeights({ kind }) ? [from[0] * to[0] * kernel * kernel, to[0]] : [0, 0];
}

/**
 * A network or a classifier from its file, as ae_core/living/network_file.py packs it.
 * @param {ArrayBuffer} file
 * @returns {Network | Classifier} Throws an Error where the file is not whole.
 */
export function readNetwork(file) {
    const length = new DataView(file).getUint32(0, true);
    const network = JSON.parse(new TextDecoder().decode(new Uint8Array(file, 4, length)));
    const halves = new Uint16Array(file, 4 + length);
    let next = 0;
    const take = (count) => {
        const taken = new Float32Array(count);
        for (let i = 0; i < count; i++) taken[i] = HALF_FLOATS[halves[next + i]];
        next += count;
        return taken;
    };
    for (const layer of Object.values(network).flat().filter(hasWeights)) {
        const [weights, biases] = weightCounts(layer);
        Object.assign(layer, { weights: take(weights), biases: take(biases) });
    }
    if (next !== halves.length) throw new Error("The network's file is not whole. Load the page again.");
    return network;
}
