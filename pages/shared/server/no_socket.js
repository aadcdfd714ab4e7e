/** What a page says that came without its live connection. It comes with the page: components cannot. */

const PATIENCE_MS = 10_000;
const LOOK_MS = 1_000;
/** A server that takes longer for the shortest answer does not answer. */
const ANSWER_MS = 5_000;
/** What Streamlit shows in the place of a page until the first of it has come: at first an empty element. */
const SKELETON = "[data-testid=stAppSkeleton], [data-testid=stSkeleton]";

/** @returns {boolean} whether the server has sent anything of the page over its connection */
function isConnected() {
    const elements = document.querySelectorAll("[data-testid=stMain] [data-testid=stElementContainer]");
    return [...elements].some((element) => element.hasChildNodes() && !element.querySelector(SKELETON));
}

/** @returns {Promise<boolean>} whether the server answers an ordinary request */
async function isAnswering() {
    const script = document.querySelector("script[src*='static/js/']");
    const base = script.src.slice(0, script.src.indexOf("static/js/"));
    const signal = AbortSignal.timeout?.(ANSWER_MS); // undefined in browsers of before 2022
    try {
        return (await fetch(`${base}_stcore/health`, { cache: "no-store", signal })).ok;
    } catch {
        return false;
    }
}

/** Shows the note of the template `lab-no-socket` after ten seconds without a connection. */
export default function tellIfNoSocket() {
    const began = Date.now();
    let note = null;
    const look = async () => {
        if (isConnected()) {
            note?.remove();
            return;
        }
        if (Date.now() - began >= PATIENCE_MS) {
            const isBlocked = await isAnswering();
            if (note === null) {
                note = document.getElementById("lab-no-socket").content.firstElementChild.cloneNode(true);
                document.body.append(note);
            }
            note.querySelector(".blocked").hidden = !isBlocked;
            note.querySelector(".silent").hidden = isBlocked;
        }
        setTimeout(look, LOOK_MS);
    };
    look();
}
