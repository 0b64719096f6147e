class App { #greeting = "hi"; fetch() { return this.#greeting } }
export default new App();
