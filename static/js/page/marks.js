// Sending a mark to the server, once or more often.

import { noticed } from "./notices.js";
import { ask } from "./requests.js";

/**
 * @typedef {object} Mark
 * @property {string} key however often one mark is sent, the server makes one of this key
 * @property {number} start code points of the revision
 * @property {number} end
 * @property {string} exact the words, as a check
 * @property {string[]} tags their values
 * @property {string} note
 * @property {string} visibility "private", "public", or "" for what the reader's account says
 */

/** A new key for a mark: a random UUID. */
export function newKey() {
  if (crypto.randomUUID) return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16)); // pages that are not a secure context
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Whether two marks say the same of the same words, whatever their keys. */
export function isSame(one, other) {
  const content = ({ start, end, exact, tags, note, visibility }) => [start, end, exact, tags, note, visibility];
  return JSON.stringify(content(one)) === JSON.stringify(content(other));
}

/** @param {Mark} mark */
export function send(address, { key, start, end, exact, tags, note, visibility }, revision, whose) {
  return ask("POST", address, { values: { key, start, end, exact, tags, note, visibility, revision, whose } });
}

/** A sentence for an answer that does not say that the mark was made. */
export function whyNotSaved({ status }) {
  if (status === 0) return "No answer from the server. Your mark is kept here.";
  if (status >= 500) return "The server could not save it. Your mark is kept here.";
  if (status >= 400) return noticed() || "Not saved. Your mark is kept here.";
  return "Not saved: you may have been signed out. Sign in in another window, then try again.";
}
