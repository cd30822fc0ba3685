using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace PolaFormer.Cli;

/// <summary><c>--help</c>: the commands in groups, and behind the options of a command two examples of it.</summary>
/// <param name="standard">What shows usage and options.</param>
internal sealed class CommandHelp(HelpAction standard) : SynchronousCommandLineAction
{
    private static readonly (string Title, string[] Names)[] s_groups =
    [
        ("Networks at work", ["predict", "eval", "serve", "export"]),
        ("Training", ["train", "report", "longrange"]),
        ("Networks and their files", ["models", "fetch", "inspect", "convert"]),
        ("Looking into attention", ["analyze"]),
        ("Measuring", ["bench", "diff", "reproduce"]),
        ("The program", ["completion"]),
    ];

    private static readonly Dictionary<string, string[]> s_examples = new()
    {
        ["predict"] = ["predict photograph.jpg --top 3", "predict photographs --checkpoint output/mine/best.safetensors --json"],
        ["serve"] = ["serve --port 8080", "serve --model pets=output/mine/best.safetensors --models checkpoints"],
        ["eval"] = ["eval --data photographs --checkpoint output/mine/best.safetensors", "eval --data cifar10-jpeg.tar.gz --views mirrored"],
        ["export"] = ["export --onnx network.onnx", "export --onnx network.onnx --checkpoint output/mine/best.safetensors"],
        ["train"] = ["train --data photographs --output output/mine", "train --cfg configs/pola_pvt_tiny.yaml --data imagenet --device cuda"],
        ["report"] = ["report output/mine", "report output/pvt_tiny"],
        ["longrange generate"] = ["longrange generate listops --output data/listops", "longrange generate pathfinder --output data/pathfinder --seed 1"],
        ["longrange inspect"] = ["longrange inspect listops --data data/listops", "longrange inspect text --data data/text"],
        ["longrange"] = ["longrange generate listops --output data/listops", "longrange inspect listops --data data/listops"],
        ["models"] = ["models", "models pola_pvt_tiny"],
        ["fetch"] = ["fetch pola_pvt_tiny", "fetch hf://OWNER/REPOSITORY/FILE"],
        ["inspect"] = ["inspect model.pth", "inspect output/mine/best.safetensors --json"],
        ["convert"] = ["convert model.pth model.safetensors", "convert best.safetensors small.safetensors --half"],
        ["analyze"] = ["analyze attention photograph.jpg -o attention.png", "analyze compare"],
        ["analyze attention"] = ["analyze attention photograph.jpg -o attention.png", "analyze attention photograph.jpg --rollout -o rollout.png"],
        ["analyze entropy"] = ["analyze entropy photograph.jpg", "analyze entropy --theorem"],
        ["analyze gates"] = ["analyze gates photograph.jpg", "analyze gates photograph.jpg --html gates.html"],
        ["analyze compare"] = ["analyze compare --mechanisms softmax,polarity --tokens 196,784", "analyze compare --train --data cifar10-jpeg.tar.gz --seeds 3"],
        ["analyze embeddings"] = ["analyze embeddings --data photographs", "analyze embeddings --data photographs --plot map.svg --npz embeddings.npz"],
        ["bench"] = ["bench inference --model pola_pvt_tiny", "bench attention --mechanisms softmax,polarity"],
        ["bench inference"] = ["bench inference --model pola_pvt_tiny", "bench inference --model polaformer_pp_b0 --profile --json"],
        ["bench training"] = ["bench training --model pola_pvt_tiny", "bench training --model polaformer_pp_b0 --batch 16 --recompute"],
        ["bench attention"] = ["bench attention --mechanisms softmax,polarity", "bench attention --mechanisms all --tokens 784"],
        ["bench kernels"] = ["bench kernels", "bench kernels softmax polarity --head-dim 32,64 --plot kernels.svg"],
        ["bench messages"] = ["bench messages --json", "bench messages --rounds 201"],
        ["bench throughput"] = ["bench throughput --cfg configs/pola_pvt_tiny.yaml --data imagenet", "bench throughput --cfg configs/polaformer_pp_cifar.yaml --data cifar10-jpeg.tar.gz --batch 64"],
        ["diff"] = ["diff before.json after.json", "diff before.json after.json --json"],
        ["completion"] = ["completion bash --install", "completion zsh"],
        ["reproduce"] = ["reproduce table6 --output tables", "reproduce figure3 --image photograph.jpg --output figures"],
    };

    /// <summary>A command's name as it is typed, those of the commands that it belongs to before it: <c>bench training</c>; empty for the program.</summary>
    public static string NameOf(CommandResult result) => result.Command is RootCommand ? "" : $"{(result.Parent is CommandResult parent ? NameOf(parent) : "")} {result.Command.Name}".TrimStart();

    /// <summary>Examples by the name of the command, without the program's name.</summary>
    public static IReadOnlyDictionary<string, string[]> Examples => s_examples;

    /// <summary>Has a program's help shown so.</summary>
    public static void Use(RootCommand root)
    {
        foreach (HelpOption option in root.Options.OfType<HelpOption>())
            option.Action = new CommandHelp((HelpAction)option.Action!);
    }

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        Command command = parseResult.CommandResult.Command;
        TextWriter output = parseResult.InvocationConfiguration.Output;
        if (command is RootCommand root)
        {
            WriteGroups(root, output);
            return 0;
        }

        int code = standard.Invoke(parseResult);
        if (s_examples.TryGetValue(NameOf(parseResult.CommandResult), out string[]? examples))
            output.WriteLine($"Examples:\n{string.Join('\n', examples.Select(example => $"  polaformer {example}"))}");
        return code;
    }

    private static void WriteGroups(RootCommand root, TextWriter output)
    {
        int width = root.Subcommands.Max(command => command.Name.Length) + 2;
        output.WriteLine($"{root.Description}\n\nUsage: polaformer COMMAND [options]");
        foreach ((string title, string[] names) in s_groups)
        {
            output.WriteLine($"\n{title}:");
            foreach (Command command in names.Select(name => root.Subcommands.Single(command => command.Name == name)))
                output.WriteLine($"  {command.Name.PadRight(width)}{command.Description}");
        }

        output.WriteLine("\nOptions:");
        foreach (Option option in root.Options)
            output.WriteLine($"  {option.Name.PadRight(width)}{option.Description}");
        output.WriteLine("\n'polaformer COMMAND --help' shows the options of a command, and examples.");
    }
}
