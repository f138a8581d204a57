// Checks names of time zones against those that this machine knows, and suggests one for a typo.
import { nearest } from "../base/nearest.ts";

/** Whether `Intl` accepts this name as a time zone. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    // Any failure: Intl knows no such zone.
    return false;
  }
}

/** The fix for an unknown name: the nearest known one, by the whole name or by its city. */
export function nearestTimeZone(name: string): string {
  const zones = Intl.supportedValuesOf("timeZone");
  const city = nearest(name.split("/").at(-1) ?? name, zones.map(cityOf));
  const near = nearest(name, zones) ?? zones.find((zone) => cityOf(zone) === city);
  return near === undefined ? "write a name such as `Europe/Berlin`" : `did you mean \`${near}\`?`;
}

const cityOf = (zone: string): string => zone.split("/").at(-1) ?? zone;
