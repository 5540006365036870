// Many incidents of the same cause are one row, so that the one of another cause still stands out.

import type { Incident } from "../api/types.ts";
import { isCounted } from "./spikes.ts";

export interface Group {
  key: string;
  incidents: Incident[];
}

const LEAST = 3;

/** Open incidents as they are listed: those that still wake people first, spikes before mentions, then the newest. */
export function ordered(incidents: readonly Incident[]): Incident[] {
  const rank = (incident: Incident) =>
    (incident.state === "triggered" ? 0 : 2) + (incident.kind === "spike" ? 0 : 1) + (incident.drill ? 4 : 0);
  return [...incidents].sort((a, b) => rank(a) - rank(b) || b.opened_at.localeCompare(a.opened_at));
}

/** Incidents in their order, three or more of one cause together where the first of them stands. */
export function grouped(incidents: readonly Incident[]): Group[] {
  const groups = new Map<string, Group>();
  for (const incident of incidents) {
    const key = causeOf(incident);
    const group = groups.get(key);
    if (group) group.incidents.push(incident);
    else groups.set(key, { key, incidents: [incident] });
  }
  return [...groups.values()].flatMap((group) =>
    group.incidents.length >= LEAST
      ? [group]
      : group.incidents.map((incident) => ({ key: incident.id, incidents: [incident] })),
  );
}

function causeOf(incident: Incident): string {
  if (isCounted(incident.kind)) return incident.id;
  const reasons = incident.evidence["reasons"];
  const first = Array.isArray(reasons) ? String(reasons[0] ?? "") : "";
  return [incident.state, incident.brand, incident.kind, first, incident.drill, incident.acked_by ?? ""].join("|");
}
