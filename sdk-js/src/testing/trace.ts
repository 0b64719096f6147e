// W3C Trace Context §3.2: which `traceparent` an invocation continues, as the host decides it.

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The trace that `parent` names, as version 00 writes it; undefined if it is invalid. */
export function validTrace(parent: string): string | undefined {
  const [, version, trace, span, flags, more] = TRACEPARENT.exec(parent) ?? [];
  if (version === undefined || trace === undefined || span === undefined || flags === undefined) return undefined;
  if (version === "ff" || /^0+$/.test(trace) || /^0+$/.test(span)) return undefined;
  if (version === "00") return more === undefined ? parent : undefined;
  // Of a later version only these fields are known, and only the flag of sampling.
  return `00-${trace}-${span}-0${parseInt(flags, 16) & 1}`;
}
