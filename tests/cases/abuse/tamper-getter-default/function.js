let n = 0;
export default { get fetch() { return n++ === 0 ? () => "done" : 5 } };
