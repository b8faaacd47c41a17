/** Places near each other on a plane: metres east and north of one of them. */

export interface Place {
  lat_e7: number;
  lon_e7: number;
}

const DEGREE_M = 111_320 / 1e7; // metres to a 1e-7 of a degree of latitude
// Within centimetres of each other; the shifted datums lie some 500 m off and are not mixed in.
const TRUE = [undefined, "WGS-84", "CGCS2000"];

/** Where a record lies, if it says so in a datum that others here can be compared with. */
export function placeOf(body: Readonly<Record<string, unknown>>): Place | null {
  const { lat_e7, lon_e7, datum } = body;
  const comparable = TRUE.includes(datum as string | undefined);
  return typeof lat_e7 === "number" && typeof lon_e7 === "number" && comparable ? { lat_e7, lon_e7 } : null;
}

const narrowing = (lat_e7: number): number => Math.cos((lat_e7 / 1e7) * (Math.PI / 180));

/** On a plane that touches the earth at `from`: exact enough for what stands on one site. */
export const offset = (from: Place, to: Place): [east_m: number, north_m: number] => [
  (to.lon_e7 - from.lon_e7) * DEGREE_M * narrowing(from.lat_e7),
  (to.lat_e7 - from.lat_e7) * DEGREE_M,
];

/** The place so many metres east and north of `from`. */
export const moved = (from: Place, east_m: number, north_m: number): Place => ({
  lat_e7: Math.round(from.lat_e7 + north_m / DEGREE_M),
  lon_e7: Math.round(from.lon_e7 + east_m / (DEGREE_M * narrowing(from.lat_e7))),
});

export const metres = (a: Place, b: Place): number => Math.hypot(...offset(a, b));
