import { Actor, actor, pubsub } from "@daplet/sdk";

// Each cart is an actor: whatever is asked of it at the same time happens one after the other.
export class Cart extends Actor {
  async add({ item, quantity }) {
    if (!(quantity > 0)) throw new RangeError(`quantity is ${quantity}, but must be above 0`);
    const items = (await this.state.get("items")) ?? {};
    items[item] = (items[item] ?? 0) + quantity;
    this.state.set("items", items); // written when the method has returned; not at all if it throws
    await this.reminders.set("abandoned", { dueTime: "24h" }); // in the place of the one before
    return items;
  }

  async items() {
    return (await this.state.get("items")) ?? {};
  }

  async checkOut() {
    const items = await this.items();
    this.state.remove("items");
    await this.reminders.delete("abandoned");
    return items;
  }

  // A day after the last thing was put in, also if the server was restarted meanwhile.
  async receiveReminder() {
    await pubsub().publish("abandoned-carts", { customer: this.id, items: await this.items() });
  }
}

// GET /cart/{customer}, POST /cart/{customer} {item, quantity}, DELETE /cart/{customer}
export default {
  async fetch(request) {
    const cart = actor("Cart", new URL(request.url).pathname.split("/").at(-1));
    switch (request.method) {
      case "POST":
        return await cart.add(await request.json());
      case "DELETE":
        return { bought: await cart.checkOut() };
      default:
        return await cart.items();
    }
  },
};
