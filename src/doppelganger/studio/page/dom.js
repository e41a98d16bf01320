// Elements without markup in strings: text is always text, and no style attribute that the CSP would refuse.

const SVG = "http://www.w3.org/2000/svg";

/** h("p", {class: "note", on: {click}, css: {"--x": "1%"}, hidden: true}, "text", child, null, [more]) */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, { on = {}, css = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value);
  }
  for (const [type, listener] of Object.entries(on)) element.addEventListener(type, listener);
  for (const [name, value] of Object.entries(css)) element.style.setProperty(name, value);
  element.append(...children.flat(3).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Says a sentence to those who listen to the page instead of looking at it. */
export function say(text) {
  document.getElementById("said").textContent = text;
}

let ids = 0;
export const newId = (word) => `${word}-${(ids += 1)}`;

/** The corners and the oval of a viewfinder. */
export function reticle(oval = true) {
  return s("svg", { class: "reticle", viewBox: "0 0 100 100", "aria-hidden": "true" },
    s("path", { d: "M2 12V2H12 M88 2H98V12 M98 88V98H88 M12 98H2V88" }),
    oval && s("ellipse", { cx: 50, cy: 50, rx: 27, ry: 36 }),
    oval && s("path", { class: "fine", d: "M50 10V16 M50 84V90 M19 46H25 M75 46H81" }));
}
