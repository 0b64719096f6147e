export default { async fetch(request) {
const spin = async () => { for (;;); }; const again = () => spin().catch(again); await again()
} };
