// Whether a written time zone is one that this machine knows, and which one was probably meant.
// What is told in that zone is left to the callers.
import { nearest } from "../base/nearest.ts";

export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

/** How to mend a name that is none: the nearest one, by the whole name or by its city. */
export function nearestTimeZone(name: string): string {
  const zones = Intl.supportedValuesOf("timeZone");
  const city = nearest(name.split("/").at(-1) ?? name, zones.map(cityOf));
  const near = nearest(name, zones) ?? zones.find((zone) => cityOf(zone) === city);
  return near === undefined ? "write a name such as `Europe/Berlin`" : `did you mean \`${near}\`?`;
}

const cityOf = (zone: string): string => zone.split("/").at(-1) ?? zone;
