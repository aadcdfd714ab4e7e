/** Elements of the page. */

/**
 * @param {string} tag such as "div"
 * @param {Record<string, any>} [properties] such as className and textContent
 * @param {...Node} children what it holds
 * @returns {HTMLElement}
 */
export function makeElement(tag, properties = {}, ...children) {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
}

/** Write a text where another may stand: what stays the same, and the boxes around it, are left alone. */
export function setText(element, text) {
    if (!element.firstChild) element.textContent = text;
    else if (element.firstChild.data !== text) element.firstChild.data = text;
}
