// What was typed and not yet saved, on this device: by person, application and field; at most a week.
const WEEK = 7 * 24 * 3600 * 1000;
const { account = "", application = "" } = document.body.dataset;
const PREFIX = "fudao/typed/";
const mine = `${PREFIX}${account}/${application}/`;

function box(work) {
  try {
    return work(localStorage);
  } catch {
    return null; // a browser that keeps nothing: typing still works
  }
}

export function keep(path, entries, base) {
  const content = JSON.stringify({ entries, base, page: location.pathname, at: Date.now() });
  box((local) => local.setItem(mine + path, content));
}

export function forget(path) {
  box((local) => local.removeItem(mine + path));
}

export function forgetAll() {
  box((local) => {
    for (const key of Object.keys(local)) if (key.startsWith(PREFIX)) local.removeItem(key);
  });
}

export function kept() {
  const found = new Map();
  box((local) => {
    for (const key of Object.keys(local)) {
      if (!key.startsWith(PREFIX)) continue;
      const one = JSON.parse(local.getItem(key));
      if (Date.now() - one.at > WEEK) local.removeItem(key);
      else if (account && key.startsWith(mine)) found.set(key.slice(mine.length), one);
    }
  });
  return found;
}

export function pages() {
  return [...new Set([...kept().values()].map((one) => one.page))];
}
