namespace PolaFormer.Cli;

/// <summary>Commands by the names that they had before: <c>attention</c> for <c>analyze attention</c>, <c>bench --train</c> for <c>bench training</c>.</summary>
internal static class EarlierNames
{
    /// <summary>The arguments as they are written now.</summary>
    public static string[] Replace(string[] arguments) => arguments switch
    {
        ["attention" or "entropy" or "gates" or "compare", ..] => ["analyze", .. arguments],
        ["bench", ['-', ..], ..] when !arguments.Any(argument => argument is "-h" or "-?" or "--help") => ["bench", .. OfBench(arguments[1..])],
        _ => arguments,
    };

    private static string[] OfBench(string[] options)
    {
        if (options.Contains("--attention") && !options.Contains("--model"))
            return ["kernels", .. options.Where(option => option != "--attention")];
        return options.Contains("--train") ? ["training", .. options.Where(option => option != "--train")] : ["inference", .. options];
    }
}
