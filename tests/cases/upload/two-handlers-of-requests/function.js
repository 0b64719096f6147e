export function GET() {}
export default () => 1;
