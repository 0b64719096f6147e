export default () => "plain text é";
