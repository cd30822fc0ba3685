using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;
using System.Reflection;
using PolaFormer.Analysis.Report;
using PolaFormer.Checkpoints;
using PolaFormer.Cuda;
using PolaFormer.Distributed;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Training;
using PolaFormer.Training.Configuration;
using PolaFormer.Vision;

namespace PolaFormer.Cli;

/// <summary>Turns every error into one line on standard error: exit code 1 for what the user can mend, 70 for a defect of ours.</summary>
internal static class UserErrors
{
    /// <summary>Exit code of a defect: "internal software error" of sysexits.h.</summary>
    public const int Defect = 70;

    // A message may quote what a file says.
    private const int LongestLine = 2000;

    /// <summary>Runs a command.</summary>
    public static int Run(Func<int> command)
    {
        // An exception of another thread ends the process after this.
        AppDomain.CurrentDomain.UnhandledException += (_, raised) => Environment.Exit(Report(raised.ExceptionObject as Exception ?? new InvalidOperationException()));
        try
        {
            return command();
        }
        catch (Exception error)
        {
            return Report(error);
        }
    }

    /// <summary>Refuses a command line that does not parse, or that names something with nothing.</summary>
    /// <exception cref="ArgumentException">It is such a one.</exception>
    public static void Check(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        string help = $"See 'polaformer {(command is RootCommand ? "" : CommandHelp.NameOf(parsed.CommandResult) + " ")}--help'.";
        if (UnknownWord(parsed) is { } word)
        {
            bool isOption = word.StartsWith('-');
            string[] known = isOption
                ? [.. command.Options.Where(option => !option.Hidden).SelectMany(option => option.Aliases.Prepend(option.Name))]
                : [.. command.Subcommands.Where(inner => !inner.Hidden).Select(inner => inner.Name)];
            if (known.Length > 0)
                throw new ArgumentException($"There is no {(isOption ? "option" : "command")} '{word}'. {NearestName.Question(word, known)}{help}");
        }

        // Nothing but the program's name: the help is the better answer.
        if (parsed.Action is ParseErrorAction && parsed.Tokens.Count > 0)
        {
            string[] words = (command is RootCommand ? parsed.Errors[^1] : parsed.Errors[0]).Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
            throw new ArgumentException($"{string.Join(' ', words)} {help}");
        }

        foreach (SymbolResult symbol in parsed.CommandResult.Children)
        {
            // A key of a recipe may be given nothing.
            (string name, bool mayBeEmpty) = symbol is OptionResult option ? (option.Option.Name, option.Option.Name == "--opts") : (((ArgumentResult)symbol).Argument.Name, false);
            if (!mayBeEmpty && symbol.Tokens.Any(token => token.Value.Length == 0))
                throw new ArgumentException($"{name} is empty. Check the variables that the command line is made of.");
        }
    }

    private static string? UnknownWord(ParseResult parsed)
    {
        if (parsed.Action is ParseErrorAction)
            return parsed.UnmatchedTokens.FirstOrDefault();

        // Where a command takes files, an option that it does not know would be one. A file of such a name may stand behind "--".
        return parsed.Action != parsed.CommandResult.Command.Action || parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash) ? null
            : parsed.CommandResult.Children.OfType<ArgumentResult>().SelectMany(argument => argument.Tokens).Select(token => token.Value)
                .FirstOrDefault(value => value.Length > 1 && value[0] == '-' && !Path.Exists(value));
    }

    /// <summary>Prints an error's line; the result is the exit code.</summary>
    public static int Report(Exception error)
    {
        Console.Error.WriteLine($"polaformer: {Line(error)}");
        if (!IsUserError(error) && Environment.GetEnvironmentVariable("POLAFORMER_TRACE") is "1")
            Console.Error.WriteLine(error);
        return ExitCode(error);
    }

    /// <summary>The exit code that an error ends with.</summary>
    public static int ExitCode(Exception error) => IsUserError(error) ? 1 : Defect;

    /// <summary>An error in one line.</summary>
    public static string Line(Exception error)
    {
        Exception cause = CauseOf(error);
        string message = cause switch
        {
            // A pool of tensors says how much was wanted; the collector does not.
            InsufficientMemoryException => cause.Message,
            OutOfMemoryException => "There is not memory enough for this. Use a smaller batch, smaller images or fewer tokens.",
            _ when IsUserError(cause) => WithoutParameter(cause),
            _ => $"This is a defect of the program ({cause.GetType().Name}: {cause.Message}). Please report it as CONTRIBUTING.md says, with the command; POLAFORMER_TRACE=1 shows the place.",
        };
        string line = PlainText.Of(message.ReplaceLineEndings(" "));
        return line.Length > LongestLine ? line[..LongestLine] + "…" : line;
    }

    /// <summary>Whether the message alone tells the user what to do.</summary>
    public static bool IsUserError(Exception error) =>
        CauseOf(error) is CheckpointException or ImageException or CudaException or WorkerException or ConfigurationException or TrainingException or NonFiniteException
            or NotFiniteNumberException or ArgumentException or IOException or InvalidDataException or UnauthorizedAccessException or OutOfMemoryException;

    // Threads and static constructors wrap what went wrong.
    private static Exception CauseOf(Exception error) =>
        error is AggregateException or TargetInvocationException or TypeInitializationException && error.InnerException is { } inner ? CauseOf(inner) : error;

    // "… (Parameter 'x')" names what only the source text has.
    private static string WithoutParameter(Exception error) =>
        error is ArgumentException { ParamName: { } name } ? error.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : error.Message;
}
