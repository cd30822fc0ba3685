using System.Globalization;
using System.Text.RegularExpressions;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Detection;

/// <summary>
/// The state dict of a detector or backbone as mmdetection has it. PolaFormer++ and all heads have its names; its Swin and PVT name
/// and lay out their parts in another way than the classifiers that our backbones follow.
/// </summary>
public static partial class MmdetState
{
    /// <summary>The entries in mmdetection's order.</summary>
    public static IReadOnlyList<MmdetEntry> Of(Module module) => module switch
    {
        Detector detector => [.. Backbone(detector.Backbone, "backbone."), .. Plain(detector).Where(entry => !entry.Name.StartsWith("backbone.", StringComparison.Ordinal))],
        FeatureExtractor backbone => Backbone(backbone, ""),
        _ => [.. Plain(module)],
    };

    /// <summary>A classifier's tensors as mmdetection's Swin or PVT holds them; its head is left out.</summary>
    /// <param name="tensors">By name.</param>
    /// <param name="isSwin">Whether it is a Swin; else a PVT.</param>
    /// <param name="prefix">Put before the names.</param>
    public static IReadOnlyList<MmdetEntry> OfClassifier(IReadOnlyDictionary<string, Tensor> tensors, bool isSwin, string prefix = "")
    {
        StateEntry[] state = [.. tensors.Where(entry => !entry.Key.StartsWith("head.", StringComparison.Ordinal)).Select(entry => new StateEntry(entry.Key, entry.Value, StateTraits.None))];
        return isSwin ? Swin(state, prefix) : Pvt([.. state.Where(entry => PvtName().IsMatch(entry.Name))], prefix);
    }

    private static IReadOnlyList<MmdetEntry> Backbone(FeatureExtractor backbone, string prefix)
    {
        StateEntry[] state = [.. backbone.State()];
        return backbone.Backbone switch
        {
            SwinBackbone => Swin(state, prefix),
            PvtBackbone => Pvt(state, prefix),
            _ => [.. state.Select(entry => new MmdetEntry(prefix + entry.Name, entry.Tensor.Shape, [entry.Tensor]))],
        };
    }

    private static IEnumerable<MmdetEntry> Plain(Module module) => module.State().Select(entry => new MmdetEntry(entry.Name, entry.Tensor.Shape, [entry.Tensor]));

    private static MmdetEntry[] Swin(StateEntry[] state, string prefix)
    {
        IEnumerable<MmdetEntry> entries = state.Select(entry =>
        {
            string name = entry.Name
                .Replace("patch_embed.proj.", "patch_embed.projection.", StringComparison.Ordinal)
                .Replace(".attn.", ".attn.w_msa.", StringComparison.Ordinal)
                .Replace(".mlp.fc1.", ".ffn.layers.0.0.", StringComparison.Ordinal)
                .Replace(".mlp.fc2.", ".ffn.layers.1.", StringComparison.Ordinal);
            name = Layers().Replace(name, "stages.");
            return new MmdetEntry(prefix + name, entry.Tensor.Shape, [entry.Tensor], name.Contains(".downsample.", StringComparison.Ordinal) ? MergedColumns(entry.Tensor.Shape[-1]) : null);
        });

        // The norm of a merging stands before its projection.
        return [.. entries.Select((entry, i) => (entry, Order: i)).OrderBy(pair => pair.entry.Name.EndsWith("downsample.reduction.weight", StringComparison.Ordinal) ? pair.Order + 2.5 : pair.Order).Select(pair => pair.entry)];
    }

    // Ours stand block after block, (0, 0), (1, 0), (0, 1), (1, 1); mmdetection's channel after channel, (0, 0), (0, 1), (1, 0), (1, 1).
    private static int[] MergedColumns(int width)
    {
        int channels = width / 4;
        return [.. Enumerable.Range(0, width).Select(i => (((i % 2 * 2) + (i % 4 / 2)) * channels) + (i / 4))];
    }

    private static MmdetEntry[] Pvt(StateEntry[] state, string prefix)
    {
        Dictionary<string, Tensor> tensors = state.ToDictionary(entry => entry.Name, entry => entry.Tensor);
        var entries = new List<(int Stage, int Part, int Block, MmdetEntry Entry)>();
        foreach (StateEntry entry in state)
        {
            Match match = PvtName().Match(entry.Name);
            int stage = int.Parse(match.Groups["stage"].Value, CultureInfo.InvariantCulture) - 1;
            string rest = match.Groups["rest"].Value.TrimStart('.');
            switch (match.Groups["part"].Value)
            {
                case "pos_embed":
                    Add(stage, 1, 0, "1.0.pos_embed", entry.Tensor.Shape, entry.Tensor);
                    break;
                case "patch_embed":
                    Add(stage, 0, 0, $"0.{rest.Replace("proj.", "projection.", StringComparison.Ordinal)}", entry.Tensor.Shape, entry.Tensor);
                    break;
                default:
                    int dot = rest.IndexOf('.');
                    int block = int.Parse(rest[..dot], CultureInfo.InvariantCulture) + 1;
                    AddOfBlock(stage, block, entry, rest[(dot + 1)..]);
                    break;
            }
        }

        return [.. entries.OrderBy(entry => entry.Stage).ThenBy(entry => entry.Part).ThenBy(entry => entry.Block).Select(entry => entry.Entry)];

        void Add(int stage, int part, int block, string name, Shape shape, params IReadOnlyList<Tensor> own) =>
            entries.Add((stage, part, block, new MmdetEntry(string.Create(CultureInfo.InvariantCulture, $"{prefix}layers.{stage}.{name}"), shape, own)));

        void AddOfBlock(int stage, int block, StateEntry entry, string name)
        {
            string start = string.Create(CultureInfo.InvariantCulture, $"1.{block}.");
            Shape shape = entry.Tensor.Shape;
            if (name.StartsWith("attn.q.", StringComparison.Ordinal))
            {
                // Queries, keys and values are one projection there.
                Tensor keyValue = tensors[entry.Name.Replace("attn.q.", "attn.kv.", StringComparison.Ordinal)];
                Add(stage, 1, block, $"{start}attn.attn.in_proj_{name[7..]}", shape.With(0, 3 * shape[0]), entry.Tensor, keyValue);
            }
            else if (name.StartsWith("mlp.fc", StringComparison.Ordinal))
            {
                string layer = name[6] == '1' ? "0" : "3";
                Add(stage, 1, block, $"{start}ffn.layers.{layer}.{name[8..]}", shape.Rank == 2 ? [shape[0], shape[1], 1, 1] : shape, entry.Tensor);
            }
            else if (!name.StartsWith("attn.kv.", StringComparison.Ordinal))
            {
                Add(stage, 1, block, start + name.Replace("attn.proj.", "attn.attn.out_proj.", StringComparison.Ordinal), shape, entry.Tensor);
            }
        }
    }

    [GeneratedRegex(@"^layers\.")]
    private static partial Regex Layers();

    [GeneratedRegex(@"^(?<part>pos_embed|patch_embed|block)(?<stage>\d+)(?<rest>.*)$")]
    private static partial Regex PvtName();
}
