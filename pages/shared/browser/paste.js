/** A picture on the clipboard goes the way of a chosen file. For pages with one file chooser for pictures. */

/** @param {ClipboardEvent} event */
function choosePasted(event) {
    const files = [...(event.clipboardData?.files ?? [])].filter((file) => file.type.startsWith("image/"));
    const chooser = document.querySelector(".st-key-own_file input[type=file]");
    if (!files.length || !chooser) return;
    const carrier = new DataTransfer();
    carrier.items.add(files[0]);
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
