using System.Text.RegularExpressions;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// Layer-wise decay of the learning rate (Clark et al. 2020; BEiT, 2022): the stem is layer 0, the blocks follow in order, the
/// head is last; a layer's rate is decay^(last − layer) of the head's. A reduction between stages counts with the block before it.
/// </summary>
public sealed partial class LayerDecay
{
    private static readonly string[] HeadParts = ["head", "norm", "proj"];

    private readonly Dictionary<string, int> _layers = [];
    private readonly double _decay;

    /// <summary>Numbers the layers of a network.</summary>
    /// <param name="parameterNames">In state-dict order.</param>
    /// <param name="decay">In (0, 1]; 1 for one rate everywhere.</param>
    public LayerDecay(IEnumerable<string> parameterNames, double decay)
    {
        _decay = decay;
        string block = "";
        foreach (string name in parameterNames)
        {
            if (Block().Match(name) is { Success: true } match && match.Value != block)
            {
                block = match.Value;
                LayerCount++;
            }

            _layers.Add(name, HeadParts.Contains(name.Split('.')[0]) ? int.MaxValue : LayerCount);
        }

        LayerCount += 2;
    }

    /// <summary>Layers: the stem, every block, the head.</summary>
    public int LayerCount { get; }

    /// <summary>Layer of a parameter, from 0.</summary>
    public int LayerOf(string parameterName) => Math.Min(_layers[parameterName], LayerCount - 1);

    /// <summary>Factor on the learning rate of a parameter.</summary>
    public double ScaleOf(string parameterName) => Math.Pow(_decay, LayerCount - 1 - LayerOf(parameterName));

    // layers.0.blocks.1. of Pola-Swin and PolaFormer++, block1.0. of Pola-PVT.
    [GeneratedRegex(@"^(layers\.\d+\.blocks|block\d+)\.\d+\.")]
    private static partial Regex Block();
}
