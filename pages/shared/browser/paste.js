/** Pictures on the clipboard go the way of chosen files. For pages with one file chooser for pictures. */

/** @param {ClipboardEvent} event */
function choosePasted(event) {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    const chooser = document.querySelector(".st-key-own_file input[type=file]");
    if (!files.length || !chooser) return;
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    chooser.files = carrier.files;
    chooser.dispatchEvent(new Event("change", { bubbles: true }));
    event.preventDefault();
}

/** @returns {() => void} leaves the clipboard alone again */
export default function takePastedPictures() {
    const choose = (event) => choosePasted(event);
    document.addEventListener("paste", choose);
    return () => document.removeEventListener("paste", choose);
}
