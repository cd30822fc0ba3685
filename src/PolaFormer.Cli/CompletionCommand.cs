using System.CommandLine;
using PolaFormer.Files;

namespace PolaFormer.Cli;

/// <summary><c>completion SHELL</c>: the script by which a shell completes the program's commands and options.</summary>
internal static class CompletionCommand
{
    private const string Bash = """
        _polaformer() {
          local IFS=$'\n'
          COMPREPLY=($(polaformer "[suggest:$COMP_POINT]" "$COMP_LINE" 2>/dev/null))
        }
        complete -o default -F _polaformer polaformer
        """;

    private const string Zsh = """
        #compdef polaformer
        _polaformer() {
          local completions=("${(@f)$(polaformer "[suggest:$CURSOR]" "$BUFFER" 2>/dev/null)}")
          compadd -a completions
          _files
        }
        compdef _polaformer polaformer
        """;

    private const string Fish = """
        complete -c polaformer -a '(set -l line (commandline -cp); polaformer "[suggest:"(string length -- $line)"]" $line 2>/dev/null)'
        """;

    private const string PowerShell = """
        Register-ArgumentCompleter -Native -CommandName polaformer -ScriptBlock {
          param($word, $command, $position)
          polaformer "[suggest:$position]" "$command" 2>$null | ForEach-Object { [System.Management.Automation.CompletionResult]::new($_) }
        }
        """;

    public static Command Create()
    {
        var shell = new Argument<string>("SHELL") { Description = "bash, zsh, fish or powershell." };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish", "powershell");
        var install = new Option<bool>("--install") { Description = "Write the script where bash and fish look for such; for the others print it, and say where it goes." };
        var command = new Command("completion", "Print or install the completion of commands and options for a shell.") { shell, install };
        command.SetAction(parsed =>
        {
            string name = parsed.GetValue(shell)!;
            if (parsed.GetValue(install) && PlaceOf(name) is { } path)
            {
                Directory.CreateDirectory(Path.GetDirectoryName(path)!);
                OutputFile.Write(path, ScriptOf(name) + "\n");
                Console.WriteLine($"{path}: written; new shells complete with it.");
                return;
            }

            Console.WriteLine(ScriptOf(name));
            if (parsed.GetValue(install))
                Console.Error.WriteLine(name == "zsh" ? "Write this to a file _polaformer in a folder of $fpath." : "Add this to the file that $PROFILE names.");
        });
        return command;
    }

    private static string ScriptOf(string shell) => shell switch
    {
        "bash" => Bash,
        "zsh" => Zsh,
        "fish" => Fish,
        _ => PowerShell,
    };

    private static string? PlaceOf(string shell)
    {
        string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        return shell switch
        {
            "bash" => Path.Combine(Folder("XDG_DATA_HOME") ?? Path.Combine(home, ".local", "share"), "bash-completion", "completions", "polaformer"),
            "fish" => Path.Combine(Folder("XDG_CONFIG_HOME") ?? Path.Combine(home, ".config"), "fish", "completions", "polaformer.fish"),
            _ => null,
        };
    }

    private static string? Folder(string variable) => Environment.GetEnvironmentVariable(variable) is { Length: > 0 } folder ? folder : null;
}
