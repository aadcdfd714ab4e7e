/**
 * A page opens at its top, whichever way led to it.
 *
 * Streamlit scrolls the element stMain, never the window. Page follows page in that one element, which stays
 * where it was scrolled to: at the foot, if the way on was a link there. A page drawn again is left where it
 * is, and so is the first one, which begins at its top or at the heading that its link names: on a slow
 * machine somebody may have scrolled it before this runs, or type in a list, which a scroll would close.
 */

/** @param {{ data: string }} component data: the page's name */
export default function openPageAtTop({ data: page }) {
    const before = document.labPageAtTop;
    document.labPageAtTop = page;
    if (before === undefined || before === page) return;
    document.querySelector("[data-testid=stMain]")?.scrollTo({ top: 0, behavior: "instant" });
}
