// Which answer stands, when this device and the server do not say the same. Pure: no page, no network, no clock.
//
// `mine`: this device's entries of one item, in their order: {kind: "choice", rev, choice, base}, {kind: "ack", rev},
// {kind: "yield", rev}. `base` is the server's revision that this device knew when the choice was made.
// `server`: {rev, choice}; rev 0: nothing is stored.
export const same = (one, other) => [...one].sort().join() === [...other].sort().join();

export function newest(mine) {
  let found = null;
  for (const one of mine) if (one.kind === "choice" && (!found || one.rev >= found.rev)) found = one;
  return found;
}

// {state, rev, choice, own}: state "saved" (the server holds what is shown), "unsent" (this device's answer is to be
// sent under `rev`), "other" (another device's answer stands and is shown; `own` is what was chosen here and never
// arrived: the candidate decides).
export function standing(mine, server) {
  const last = newest(mine);
  const saved = { state: "saved", rev: server.rev, choice: server.choice, own: null };
  if (!last || (last.rev <= server.rev && same(last.choice, server.choice))) return saved;
  const known =
    server.rev <= last.base ||
    mine.some((one) => one.kind === "choice" && one.rev === server.rev && same(one.choice, server.choice));
  if (known) {
    if (last.rev <= server.rev) return saved;
    return { state: "unsent", rev: last.rev, choice: last.choice, own: null };
  }
  const settled = mine.some((one) => (one.kind === "ack" || one.kind === "yield") && one.rev >= last.rev);
  if (settled) return saved;
  return { state: "other", rev: server.rev, choice: server.choice, own: last.choice };
}

// the revision of the next change
export function above(mine, server) {
  return Math.max(server.rev, newest(mine)?.rev ?? 0) + 1;
}
