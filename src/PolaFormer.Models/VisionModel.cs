using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Models;

/// <summary>
/// An image classifier: a backbone, and a head on its last feature map. Images are channels-last, (B, H, W, 3), normalised.
/// </summary>
public abstract class VisionModel : Module
{
    /// <summary>Starts a classifier on a backbone, whose names of parameters are the classifier's.</summary>
    protected VisionModel(Backbone backbone) => Backbone = AddInline(backbone);

    /// <summary>The stem and the stages.</summary>
    public Backbone Backbone { get; }

    /// <summary>Side of the square images that the position encodings are made for, in pixels.</summary>
    public int ImageSize => Config.ImageSize;

    /// <summary>What the network was made from.</summary>
    public abstract VisionModelConfig Config { get; }

    /// <summary>Width of the logits.</summary>
    public abstract int NumClasses { get; }

    /// <summary>
    /// Whether training keeps the blocks' inputs alone and runs each block again in the backward pass (TRAIN.USE_CHECKPOINT): less
    /// memory for more time, the same bits.
    /// </summary>
    public bool UseCheckpoint
    {
        get => Blocks.Any(block => block.IsCheckpointed);
        set
        {
            foreach (Module block in Blocks)
                block.IsCheckpointed = value;
        }
    }

    /// <summary>
    /// The layer of every parameter, for learning rates that follow depth: the stem is layer 0, the blocks follow in order, what lies
    /// behind the last stage is last. A reduction between stages counts with the block before it.
    /// </summary>
    public IReadOnlyDictionary<string, int> Layers
    {
        get
        {
            var known = new Dictionary<Parameter, int>(ReferenceEqualityComparer.Instance);
            int last = 1;
            foreach (Module block in Blocks)
                Mark(block, last++);
            foreach (Module module in Head)
                Mark(module, last);
            var layers = new Dictionary<string, int>();
            int current = 0;
            foreach ((string name, Parameter parameter) in NamedParameters())
            {
                if (!known.TryGetValue(parameter, out int layer))
                    layer = current;
                else if (layer < last)
                    current = layer;
                layers.Add(name, layer);
            }

            return layers;

            void Mark(Module module, int layer)
            {
                foreach (Parameter parameter in module.Parameters())
                    known[parameter] = layer;
            }
        }
    }

    /// <inheritdoc cref="Backbone.ForwardFeatures"/>
    public Tensor ForwardFeatures(Tensor images, ICollection<(string Stage, Tensor Features)>? stages = null) => Backbone.ForwardFeatures(images, stages);

    /// <summary>Pools what <see cref="ForwardFeatures"/> gives → (B, pooled channels): the input of the classifier, an embedding of the image.</summary>
    public Tensor ForwardPooled(Tensor features) => Call(new Pass(this, features), static pass => pass.Model.RunPooled(pass.Features), features);

    /// <summary>What <see cref="ForwardFeatures"/> gives → logits (B, classes).</summary>
    public Tensor ForwardHead(Tensor features) =>
        Call(new Pass(this, features), static pass => pass.Model.RunClassifier(pass.Model.RunPooled(pass.Features)), features);

    /// <summary>Replaces the classifier by a new one, with freshly drawn weights.</summary>
    /// <param name="numClasses">Width of the new logits.</param>
    /// <param name="seed">Seed of the new weights.</param>
    public virtual void ResetClassifier(int numClasses, ulong seed = 0)
    {
        Module head = NewClassifier(numClasses);
        head.Initialize(seed);
    }

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x) => RunClassifier(RunPooled(Backbone.Forward(x)));

    /// <summary>The blocks of all stages.</summary>
    private IEnumerable<Module> Blocks => Backbone.Blocks;

    /// <summary>What lies between the last stage and the logits.</summary>
    protected abstract IEnumerable<Module> Head { get; }

    /// <summary>Everything between the last stage and the classifier.</summary>
    protected abstract Tensor RunPooled(Tensor features);

    /// <summary>The last layer.</summary>
    protected abstract Tensor RunClassifier(Tensor pooled);

    /// <summary>Puts a new classifier in the place of the old one.</summary>
    protected abstract Module NewClassifier(int numClasses);

    /// <summary>The class token of (B, 1 + h·w, C), or the mean of a grid (B, h, w, C): (B, C).</summary>
    protected static Tensor Pooled(Tensor tokens) =>
        tokens.Rank == 4 ? tokens.Mean([1, 2]) : tokens.Slice(1, 0, 1).Reshape(tokens.Shape[0], tokens.Shape[2]);

    private readonly record struct Pass(VisionModel Model, Tensor Features);
}
