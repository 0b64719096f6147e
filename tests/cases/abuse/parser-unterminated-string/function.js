export default () => "abc;
