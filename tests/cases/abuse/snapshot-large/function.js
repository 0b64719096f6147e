const rows = Array.from({ length: 50000 }, (_, i) => ({ i }));
export default () => { rows.length = 0; return "done" };
