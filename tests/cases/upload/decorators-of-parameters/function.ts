const inject = (): any => undefined;
class Service {
  constructor(
    @inject() private readonly name: string,
  ) {}
}
export default () => new Service("a");
