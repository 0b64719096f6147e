export default () => { with ({}) { return 1 } };
