export function GET() { return "got" }
export async function POST(request) { return "posted " + (await request.text()) }
