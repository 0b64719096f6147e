// The list `hosts` of the grants: which entries name the host of a URL. Must not know who asks.

interface Entry {
  /** The host, or with a dot before it a domain; empty: every host. */
  name: string;
  port: string | undefined;
}

/** The port of a URL, its scheme's own too. */
function portOf(url: URL): string {
  if (url.port !== "") return url.port;
  return url.protocol === "https:" ? "443" : "80";
}

/** A host without a dot at its end. */
function plain(host: string): string {
  return host.endsWith(".") ? host.slice(0, -1) : host;
}

/** A host as a URL has it; undefined for what is more or less than a host. */
function canonical(host: string): string | undefined {
  if (host === "" || /[/\\?#@*%\s]/.test(host)) return undefined;
  try {
    const url = new URL(`http://${host}/`);
    return url.port === "" && url.pathname === "/" ? plain(url.hostname) || undefined : undefined;
  } catch {
    return undefined;
  }
}

function isAddress(host: string): boolean {
  return host.startsWith("[") || /^\d+\.\d+\.\d+\.\d+$/.test(host);
}

function parse(entry: string): Entry | undefined {
  const [, host = "", port] = /^(.*?)(?::(\d+))?$/s.exec(entry) ?? [];
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65535)) return undefined;
  if (host === "*") return { name: "", port };
  const below = host.startsWith("*.");
  const name = canonical(below ? host.slice(2) : host);
  if (name === undefined || (below && isAddress(name))) return undefined;
  return { name: below ? `.${name}` : name, port };
}

/** Whether an entry can match a host at all. */
export function isHostEntry(entry: string): boolean {
  return parse(entry) !== undefined;
}

/** Whether the list names the host of the URL. */
export function namesHost(list: readonly string[], url: URL): boolean {
  const host = plain(url.hostname);
  return list.some((text) => {
    const entry = parse(text);
    if (entry === undefined || (entry.port !== undefined && Number(entry.port) !== Number(portOf(url)))) return false;
    if (entry.name === "") return true;
    return entry.name.startsWith(".") ? host.endsWith(entry.name) && host !== entry.name.slice(1) : host === entry.name;
  });
}

/** Host and port, for messages. */
export function hostAndPort(url: URL): string {
  return `${plain(url.hostname)}:${portOf(url)}`;
}
