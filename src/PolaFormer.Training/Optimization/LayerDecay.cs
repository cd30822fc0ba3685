using PolaFormer.Models;

namespace PolaFormer.Training.Optimization;

/// <summary>
/// Layer-wise decay of the learning rate (Clark et al. 2020; BEiT, 2022): a layer's rate is decay^(last − layer) of the head's, with
/// the layers that the network says its parameters belong to.
/// </summary>
public sealed class LayerDecay
{
    private readonly IReadOnlyDictionary<string, int> _layers;
    private readonly double _decay;

    /// <summary>Numbers the layers of a network.</summary>
    /// <param name="model">The network.</param>
    /// <param name="decay">In (0, 1]; 1 for one rate everywhere.</param>
    public LayerDecay(VisionModel model, double decay) => (_layers, _decay, LayerCount) = (model.Layers, decay, model.Layers.Values.Max() + 1);

    /// <summary>Layers: the stem, every block, the head.</summary>
    public int LayerCount { get; }

    /// <summary>Layer of a parameter, from 0.</summary>
    public int LayerOf(string parameterName) => _layers[parameterName];

    /// <summary>Factor on the learning rate of a parameter.</summary>
    public double ScaleOf(string parameterName) => Math.Pow(_decay, LayerCount - 1 - LayerOf(parameterName));
}
