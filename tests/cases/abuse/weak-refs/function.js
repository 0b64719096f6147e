export default { async fetch(request) {
const r = new FinalizationRegistry(() => { for (;;); }); const refs = []; for (let i = 0; i < 10000; i++) { const o = { i }; r.register(o, i); refs.push(new WeakRef(o)) } return "done"
} };
