using System.Runtime.ExceptionServices;
using System.Text;
using Spectre.Console;

namespace PolaFormer.Cli;

/// <summary>
/// The two outputs of the process. <see cref="Console"/> prints plain text, whatever it is given; what moves the cursor or sets
/// colours is written here.
/// </summary>
internal static class Terminal
{
    // A pipe or a file gets whole lines.
    private const int WidthOfFiles = 200, HeightOfFiles = 24;

    private static readonly Lazy<IAnsiConsole> s_tables = new(CreateTables);

    /// <summary>Standard output, control characters included.</summary>
    public static TextWriter Output { get; } = new StandardWriter(Console.Out, isPlain: false, OutputFailed);

    /// <summary>Standard error, control characters included. Where it cannot be written, the failure is ignored.</summary>
    public static TextWriter Error { get; } = new StandardWriter(Console.Error, isPlain: false, _ => { });

    /// <summary>Standard output for tables and styled text. Made at its first use: loading the console library takes a part of the start.</summary>
    public static IAnsiConsole Tables => s_tables.Value;

    /// <summary>Makes everything that is printed go through here.</summary>
    public static void Use()
    {
        (TextWriter output, TextWriter error) = (Output, Error);
        Console.SetOut(new StandardWriter(output, isPlain: true, ExceptionDispatchInfo.Throw));
        Console.SetError(new StandardWriter(error, isPlain: true, _ => { }));
    }

    /// <summary>Prints a line of texts, each with a style of the console library, "bold" or "blue"; null for none. A pipe or a file gets the texts alone.</summary>
    public static void WriteLine(params (string Text, string? Style)[] parts)
    {
        if (Console.IsOutputRedirected)
            Console.WriteLine(string.Concat(parts.Select(part => part.Text)));
        else
            WriteStyled(parts);
    }

    private static void WriteStyled((string Text, string? Style)[] parts)
    {
        foreach ((string text, string? style) in parts)
            Tables.Write(text, style is null ? Style.Plain : Style.Parse(style));
        Tables.WriteLine();
    }

    private static IAnsiConsole CreateTables() => AnsiConsole.Create(new AnsiConsoleSettings
    {
        Ansi = Console.IsOutputRedirected ? AnsiSupport.No : AnsiSupport.Detect,
        Out = new TableOutput(),
    });

    private static void OutputFailed(Exception error) => throw new StandardOutputException(error);

    // Tables and markup.
    private sealed class TableOutput : IAnsiConsoleOutput
    {
        public TextWriter Writer => Output;

        public bool IsTerminal => !Console.IsOutputRedirected;

        public int Width => IsTerminal && Console.WindowWidth > 0 ? Console.WindowWidth : WidthOfFiles;

        public int Height => IsTerminal && Console.WindowHeight > 0 ? Console.WindowHeight : HeightOfFiles;

        public void SetEncoding(Encoding encoding)
        {
            if (IsTerminal)
                Console.OutputEncoding = encoding;
        }
    }
}
