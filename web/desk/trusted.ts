/** The one text that becomes HTML on these pages. */

interface Types {
  createPolicy(name: string, rules: { createHTML: (text: string) => string }): unknown;
}

// OpenLayers writes the letter M into an element to measure how high text is; nothing else becomes HTML here.
const types = (globalThis as { trustedTypes?: Types }).trustedTypes;
types?.createPolicy("default", {
  createHTML: (text) => {
    if (text === "M") return text;
    throw new TypeError("No text becomes HTML on this page.");
  },
});

/** A colour of the style sheet, as it is now. */
export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
