/** The rooms that come after the first page, in one file. */

import "../rooms.css";

export { Attachments } from "../attached.tsx";
export * as leaving from "../leaving.ts";
export { Viewfinder } from "../viewfinder.tsx";
export { canRecord, Heard, Recorder } from "../voice.tsx";
export { Contacts } from "./contacts.tsx";
export { Enrol } from "./enrol.tsx";
export { Entry } from "./entry.tsx";
export { Form } from "./form.tsx";
export { Responsible, ToSign } from "./handover.tsx";
export { Inspection } from "./inspection.tsx";
export { Leaving } from "./leaving.tsx";
export { ChoosePlace, IssueMap, SiteMap } from "./map.tsx";
export { Outbox } from "./outbox.tsx";
export { Photo } from "./photo.tsx";
export { Scan } from "./scan.tsx";
export { SiteCode } from "./site-code.tsx";
export { Conflict, Waiting } from "./waiting.tsx";
export { WhichChecklist } from "./which-checklist.tsx";
