/**
 * Asks for the page once more when it has been drawn empty.
 *
 * The browser sends a dial's value with everything it says for as long as the dial is on the page.
 */

/** Milliseconds between two looks at whether the server is done. */
const LOOK = 20;

/**
 * @param {{ setTriggerValue: (name: string, value: boolean) => void }} component
 * @returns {() => void} asks no more
 */
export default function askAgain({ setTriggerValue }) {
    const app = document.querySelector("[data-testid=stApp]");
    const timer = setInterval(() => {
        if (app.dataset.testScriptState !== "notRunning") return;
        clearInterval(timer);
        setTriggerValue("again", true);
    }, LOOK);
    return () => clearInterval(timer);
}
