/** The rooms that come after the first page, in one file. */

export { Form } from "./form.tsx";
export { Inspection } from "./inspection.tsx";
export { Outbox } from "./outbox.tsx";
export { Conflict, Waiting } from "./waiting.tsx";
