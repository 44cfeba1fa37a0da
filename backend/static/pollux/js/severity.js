// How grave an alert is.

const ORDER = ["information", "caution", "urgent", "critical"];

/** A number that grows with the severity. */
export const rank = ({ severity }) => ORDER.indexOf(severity);

/** Whether somebody should look now: urgent and critical. */
export const isGrave = (one) => rank(one) >= ORDER.indexOf("urgent");

/** Sorts the gravest first. */
export const worstFirst = (a, b) => rank(b) - rank(a);
