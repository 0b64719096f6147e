// atob and btoa (HTML Standard §8.3).
(natives, { webidl }) => {
  const invalid = (message) => new DOMException(message, "InvalidCharacterError");
  webidl.installFunctions({
    atob(data) {
      webidl.required(arguments.length, 1, "atob");
      const binary = natives.atob(webidl.usvString(data));
      if (binary === null || binary === undefined) throw invalid("atob: the string is not correctly encoded base64");
      return binary;
    },
    btoa(data) {
      webidl.required(arguments.length, 1, "btoa");
      const text = natives.btoa(webidl.usvString(data));
      if (text === null || text === undefined) throw invalid("btoa: the string has a character above U+00FF");
      return text;
    },
  });
}
