using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.NN.Attention;

/// <summary>Every mechanism by name, those for images first.</summary>
public static class AttentionRegistry
{
    private static readonly Lock s_adding = new();

    private static AttentionEntry[] s_all =
    [
        new("softmax", "Softmax", "Vaswani et al., NeurIPS 2017", "O(N²·d)", shape => new SoftmaxAttention(shape)),
        new("window", "Window softmax", "Swin: Liu et al., ICCV 2021", "O(N·w²·d)", shape => new WindowSoftmaxAttention(shape)),
        new("polarity", "Polarity", "PolaFormer: Meng et al., ICLR 2025", "O(N·d²)", shape => new PolarityAttention(shape)),
        new("polarity++", "Polarity++", "PolaFormer++: Meng et al., 2025", "O(N·d²)", shape => new PolarityPlusPlusAttention(shape)),
        new("elu", "Linear (ELU + 1)", "Katharopoulos et al., ICML 2020", "O(N·d²)", shape => new EluLinearAttention(shape)),
        new("relu", "Linear (ReLU)", "Cai et al., ICCV 2023", "O(N·d²)", shape => new ReluLinearAttention(shape)),
        new("relu-multiscale", "Multi-scale linear (ReLU)", "Cai et al., ICCV 2023", "O(N·d²)", shape => new MultiscaleReluAttention(shape)),
        new("focused", "Focused linear", "Han et al., ICCV 2023", "O(N·d²)", shape => new FocusedLinearAttention(shape)),
        new("efficient", "Efficient", "Shen et al., WACV 2021", "O(N·d²)", shape => new EfficientAttention(shape)),
        new("hydra", "Hydra", "Bolya et al., ECCV 2022 workshops", "O(N·d)", shape => new HydraAttention(shape)),
        new("angular", "Angular", "You et al., CVPR 2023", "O(N·d²)", shape => new AngularAttention(shape)),
        new("angular-sparse", "Angular (sparse)", "You et al., CVPR 2023", "O(N²·d)", shape => new AngularAttention(shape, isSparse: true)),
        new("mobile", "Mobile", "Yao et al., ICML 2024", "O(N·d²)", shape => new MobileAttention(shape)),
        new("agent", "Agent", "Han et al., ECCV 2024", "O(N·A·d)", shape => new AgentAttention(shape, Math.Min(7, Math.Min(shape.Height, shape.Width)))),

        new("performer", "Performer", "Choromanski et al., ICLR 2021", "O(N·d²·ln d)", shape => new PerformerAttention(shape)),
        new("performer-relu", "Performer (ReLU)", "Choromanski et al., ICLR 2021", "O(N·d²·ln d)", shape => new PerformerAttention(shape, PerformerKernel.Relu)),
        new("linformer", "Linformer", "Wang et al., 2020", "O(N·k·d)", shape => new LinformerAttention(shape)),
        new("nystromformer", "Nyströmformer", "Xiong et al., AAAI 2021", "O(N·m·d + m³)", shape => new NystromAttention(shape)),
        new("nystromformer-conv", "Nyströmformer + conv", "Xiong et al., AAAI 2021", "O(N·m·d + m³)", shape => new NystromAttention(shape, convolutionSize: 33)),
        new("cosformer", "cosFormer", "Qin et al., ICLR 2022", "O(N·d²)", shape => new CosformerAttention(shape)),
        new("hedgehog", "Hedgehog", "Zhang et al., ICLR 2024", "O(N·d²)", shape => new HedgehogAttention(shape)),
        new("hedgehog-exp", "Hedgehog (exp)", "Zhang et al., ICLR 2024", "O(N·d²)", shape => new HedgehogAttention(shape, HedgehogActivation.Exp, addsInput: true)),
        new("kernelized", "Kernelized", "Chen et al., NeurIPS 2021", "O(N²·d)", shape => new KernelizedAttention(shape)),
        new("skyformer", "Skyformer", "Chen et al., NeurIPS 2021", "O(N·m·d + m³)", shape => new SkyformerAttention(shape)),
        new("informer", "Informer", "Zhou et al., AAAI 2021", "O(N·ln N·d)", shape => new InformerAttention(shape)),
        new("local", "Local", "Tay et al., ICLR 2021", "O(N·w·d)", shape => new LocalAttention(shape)),
        new("longformer", "Longformer", "Beltagy et al., 2020", "O(N·w·d)", shape => new LongformerAttention(shape)),
        new("bigbird", "BigBird", "Zaheer et al., NeurIPS 2020", "O(N·s·d)", shape => new BigBirdAttention(shape)),
        new("reformer", "Reformer", "Kitaev et al., ICLR 2020", "O(N·s·d + N²·d/s)", shape => new ReformerAttention(shape)),
        new("synthesizer-dense", "Synthesizer (dense)", "Tay et al., ICML 2021", "O(N²·(d + N))", shape => new DenseSynthesizer(shape)),
        new("synthesizer-random", "Synthesizer (random)", "Tay et al., ICML 2021", "O(N²·d)", shape => new RandomSynthesizer(shape)),
        new("synthesizer-factorized", "Synthesizer (factorised)", "Tay et al., ICML 2021", "O(N²·(d + k))", shape => new FactorizedSynthesizer(shape)),
        new("synthesizer-factorized-dense", "Synthesizer (factorised dense)", "Tay et al., ICML 2021", "O(N²·d)", shape => new FactorizedSynthesizer(shape, parts: SynthesizerParts.Dense)),
        new("synthesizer-factorized-random-dense", "Synthesizer (factorised random + dense)", "Tay et al., ICML 2021", "O(N²·(d + k))", shape => new FactorizedSynthesizer(shape, parts: SynthesizerParts.Random | SynthesizerParts.Dense)),
    ];

    /// <summary>All entries.</summary>
    public static IReadOnlyList<AttentionEntry> All => s_all;

    /// <summary>Adds a mechanism of one's own: from then on every host finds it by its name.</summary>
    /// <exception cref="ArgumentException">The name is taken.</exception>
    public static void Add(AttentionEntry entry)
    {
        lock (s_adding)
        {
            if (s_all.Any(other => other.Name == entry.Name))
                throw new ArgumentException($"There is an attention '{entry.Name}' already; choose another name.");
            s_all = [.. s_all, entry];
        }
    }

    /// <summary>The entry of a name.</summary>
    /// <exception cref="ArgumentException">No such name; the message lists those there are.</exception>
    public static AttentionEntry Find(string name) =>
        All.FirstOrDefault(entry => entry.Name == name)
        ?? throw new ArgumentException($"There is no attention '{name}'. Registered: {string.Join(", ", All.Select(entry => entry.Name))}.");
}
