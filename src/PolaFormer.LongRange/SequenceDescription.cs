using System.Text.Json;
using PolaFormer.Checkpoints;
using PolaFormer.LongRange.Data;
using PolaFormer.Models;

namespace PolaFormer.LongRange;

/// <summary>What a saved sequence classifier says of itself, in string metadata: enough to build it and to make tokens of a text as in training.</summary>
/// <param name="Task">The task.</param>
/// <param name="Config">The network's shape.</param>
public sealed record SequenceDescription(ArenaTask Task, SequenceClassifierConfig Config)
{
    /// <summary>Name of the network in the metadata.</summary>
    public const string Architecture = "sequence_classifier";

    // A small file may not ask for much memory or work.
    private const int MaxVocabulary = 1 << 16, MaxLength = 1 << 16, MaxDim = 1 << 12, MaxHidden = 1 << 14, MaxHeads = 256, MaxLayers = 256, MaxClasses = 1 << 16;

    private static readonly JsonDefaults s_defaults = new(SequenceConfigContext.Default.Options, new SequenceClassifierConfig());

    /// <summary>Whose tokens of ListOps.</summary>
    public ListOpsTokens ListOpsTokens { get; init; }

    /// <summary>How the weights were chosen.</summary>
    public ArenaProtocolKind Protocol { get; init; }

    /// <summary>Dev accuracy in [0, 1]; null where not measured.</summary>
    public double? Accuracy { get; init; }

    /// <summary>Last epoch trained; null where unknown.</summary>
    public int? Epoch { get; init; }

    /// <summary>Whether a checkpoint says that it is a sequence classifier.</summary>
    public static bool IsIn(Checkpoint checkpoint) => checkpoint.Text("architecture") == Architecture;

    /// <summary>As metadata strings.</summary>
    public IReadOnlyDictionary<string, string> ToMetadata()
    {
        var metadata = new Dictionary<string, string>
        {
            ["format"] = "pt",
            ["architecture"] = Architecture,
            ["task"] = Task.Name,
            ["config"] = JsonSerializer.Serialize(Config, SequenceConfigContext.Default.SequenceClassifierConfig),
            ["labels"] = DescriptionText.ListText(Task.Classes),
            ["listops_tokens"] = $"{ListOpsTokens}".ToLowerInvariant(),
            ["protocol"] = $"{Protocol}".ToLowerInvariant(),
        };
        metadata.AddNumber("accuracy", Accuracy);
        metadata.AddNumber("epoch", Epoch);
        return metadata;
    }

    /// <summary>Reads the metadata of a checkpoint.</summary>
    /// <exception cref="CheckpointException">It is of another kind of network, or damaged.</exception>
    public static SequenceDescription From(Checkpoint checkpoint)
    {
        if (!IsIn(checkpoint))
            throw new CheckpointException(checkpoint.Name, "it is no classifier of sequences. Name the best.safetensors of a run on a task of Long Range Arena.");
        return checkpoint.Described(() =>
        {
            SequenceClassifierConfig config = s_defaults.Complete(checkpoint.Text("config") ?? "null", typeof(SequenceClassifierConfig)).Deserialize(SequenceConfigContext.Default.SequenceClassifierConfig) ?? throw new FormatException("config is missing");
            return new SequenceDescription(ArenaTask.Find(checkpoint.Text("task") ?? ""), Checked(config))
            {
                ListOpsTokens = checkpoint.Text("listops_tokens") == "skyformer" ? ListOpsTokens.Skyformer : ListOpsTokens.Google,
                Protocol = checkpoint.Text("protocol") == "honest" ? ArenaProtocolKind.Honest : ArenaProtocolKind.Paper,
                Accuracy = checkpoint.Number("accuracy"),
                Epoch = checkpoint.WholeNumber("epoch"),
            };
        });
    }

    private static SequenceClassifierConfig Checked(SequenceClassifierConfig config)
    {
        Require(nameof(config.VocabularySize), config.VocabularySize, MaxVocabulary);
        Require(nameof(config.MaxLength), config.MaxLength, MaxLength);
        Require(nameof(config.Dim), config.Dim, MaxDim);
        Require(nameof(config.HiddenDim), config.HiddenDim, MaxHidden);
        Require(nameof(config.NumHeads), config.NumHeads, MaxHeads);
        Require(nameof(config.HeadDim), config.HeadDim, MaxDim);
        Require(nameof(config.NumLayers), config.NumLayers, MaxLayers);
        Require(nameof(config.NumClasses), config.NumClasses, MaxClasses);
        return config.Attention is null || config.DropRate is not (>= 0 and < 1) || config.AttentionDropRate is not (>= 0 and < 1) ? throw new FormatException("Attention is missing, or DropRate or AttentionDropRate lies outside [0, 1)") : config;

        static void Require(string name, int value, int max)
        {
            if (value < 1 || value > max)
                throw new FormatException(FormattableString.Invariant($"{name} is {value}, and must lie in [1, {max}]"));
        }
    }
}
