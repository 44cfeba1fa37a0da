// What a person says of doses, kept on the device until the server has it: the key of each makes sending it twice once.

import { post } from "../api.js";
import { newId } from "../id.js";

const AT_ONCE = 100;
const place = (patient) => `pollux.dose-answers.${patient}`;

const waiting = (patient) => JSON.parse(localStorage.getItem(place(patient)) ?? "[]");

function keep(patient, answers) {
  if (answers.length) localStorage.setItem(place(patient), JSON.stringify(answers));
  else localStorage.removeItem(place(patient));
}

/** The answers that the server does not have yet, by dose: what was said last. */
export function unsent(patient) {
  return new Map(waiting(patient).map((one) => [one.dose ?? one.key, one]));
}

/**
 * Sends what waits, oldest first. True when nothing is left; false without a connection. A refused answer is dropped, and its
 * error raised.
 */
export async function sendAnswers(patient) {
  for (let answers = waiting(patient); answers.length; answers = waiting(patient)) {
    const now = answers.slice(0, AT_ONCE);
    let refusal = null;
    try {
      await post(`patients/${patient}/doses/answers`, { answers: now });
    } catch (error) {
      if (!error.status || error.status >= 500) return false;
      refusal = error;
    }
    const gone = new Set(now.map((one) => one.key));
    keep(
      patient,
      waiting(patient).filter((one) => !gone.has(one.key)),
    );
    if (refusal) throw refusal;
  }
  return true;
}

/** Says something of a dose, or of a plan of a medicine as needed; whether the server has it already. */
export async function say(patient, said) {
  const at = new Date().toISOString();
  keep(patient, [...waiting(patient), { key: newId(), said_at: at, ...said }]);
  return sendAnswers(patient);
}
