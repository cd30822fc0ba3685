using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using PolaFormer.NN.Attention.Mechanisms;

namespace PolaFormer.NN.Attention;

/// <summary>Every mechanism by name, those for images first.</summary>
public static class AttentionRegistry
{
    private static readonly Lock s_adding = new();

    private static AttentionEntry[] s_all =
    [
        new("softmax", "Softmax", "Vaswani et al., NeurIPS 2017", "O(N²·d)", shape => new SoftmaxAttention(shape)) { Reach = AttentionReach.Reduced },
        new("window", "Window softmax", "Swin: Liu et al., ICCV 2021", "O(N·w²·d)", shape => new WindowSoftmaxAttention(shape)) { Reach = AttentionReach.Window },
        PolarityAttention.Entry,
        PolarityPlusPlusAttention.Entry,
        new("elu", "Linear (ELU + 1)", "Katharopoulos et al., ICML 2020", "O(N·d²)", shape => new EluLinearAttention(shape)),
        new("relu", "Linear (ReLU)", "Cai et al., ICCV 2023", "O(N·d²)", shape => new ReluLinearAttention(shape)),
        new("relu-multiscale", "Multi-scale linear (ReLU)", "Cai et al., ICCV 2023", "O(N·d²)", shape => new MultiscaleReluAttention(shape)),
        FocusedLinearAttention.Entry,
        new("efficient", "Efficient", "Shen et al., WACV 2021", "O(N·d²)", shape => new EfficientAttention(shape)),
        new("hydra", "Hydra", "Bolya et al., ECCV 2022 workshops", "O(N·d)", shape => new HydraAttention(shape)),
        new("angular", "Angular", "You et al., CVPR 2023", "O(N·d²)", shape => new AngularAttention(shape)),
        new("angular-sparse", "Angular (sparse)", "You et al., CVPR 2023", "O(N²·d)", shape => new AngularAttention(shape, isSparse: true)),
        new("mobile", "Mobile", "Yao et al., ICML 2024", "O(N·d²)", shape => new MobileAttention(shape)),
        new("agent", "Agent", "Han et al., ECCV 2024", "O(N·A·d)", (shape, options) => new AgentAttention(shape, options.Get<int?>("side") ?? Math.Min(7, Math.Min(shape.Height, shape.Width)))) { Options = [AttentionOption.Count("side", max: 64)] },

        new("performer", "Performer", "Choromanski et al., ICLR 2021", "O(N·d²·ln d)", (shape, options) => new PerformerAttention(shape, features: options.Get<int?>("features"))) { Options = [AttentionOption.Count("features")] },
        new("performer-relu", "Performer (ReLU)", "Choromanski et al., ICLR 2021", "O(N·d²·ln d)", (shape, options) => new PerformerAttention(shape, PerformerKernel.Relu, options.Get<int?>("features"))) { Options = [AttentionOption.Count("features")] },
        new("linformer", "Linformer", "Wang et al., 2020", "O(N·k·d)", (shape, options) => new LinformerAttention(shape, options.Get<int?>("rank"))) { Options = [AttentionOption.Count("rank")] },
        new("nystromformer", "Nyströmformer", "Xiong et al., AAAI 2021", "O(N·m·d + m³)", (shape, options) => new NystromAttention(shape, options.Get<int?>("landmarks"))) { Options = [AttentionOption.Count("landmarks")] },
        new("nystromformer-conv", "Nyströmformer + conv", "Xiong et al., AAAI 2021", "O(N·m·d + m³)", (shape, options) => new NystromAttention(shape, options.Get<int?>("landmarks"), convolutionSize: 33)) { Options = [AttentionOption.Count("landmarks")] },
        new("cosformer", "cosFormer", "Qin et al., ICLR 2022", "O(N·d²)", shape => new CosformerAttention(shape)),
        new("hedgehog", "Hedgehog", "Zhang et al., ICLR 2024", "O(N·d²)", (shape, options) => new HedgehogAttention(shape, features: options.Get<int?>("features"))) { Options = [AttentionOption.Count("features")] },
        new("hedgehog-exp", "Hedgehog (exp)", "Zhang et al., ICLR 2024", "O(N·d²)", shape => new HedgehogAttention(shape, HedgehogActivation.Exp, addsInput: true)),
        new("kernelized", "Kernelized", "Chen et al., NeurIPS 2021", "O(N²·d)", shape => new KernelizedAttention(shape)),
        new("skyformer", "Skyformer", "Chen et al., NeurIPS 2021", "O(N·m·d + m³)", (shape, options) => new SkyformerAttention(shape, options.Get<int?>("samples"))) { Options = [AttentionOption.Count("samples")] },
        new("informer", "Informer", "Zhou et al., AAAI 2021", "O(N·ln N·d)", (shape, options) => new InformerAttention(shape, options.Get<int?>("keys"), options.Get<int?>("queries"))) { Options = [AttentionOption.Count("keys"), AttentionOption.Count("queries")] },
        new("local", "Local", "Tay et al., ICLR 2021", "O(N·w·d)", (shape, options) => new LocalAttention(shape, options.Get<int?>("block"))) { Options = [AttentionOption.Count("block")] },
        new("longformer", "Longformer", "Beltagy et al., 2020", "O(N·w·d)", (shape, options) => new LongformerAttention(shape, options.Get<int?>("window"))) { Options = [AttentionOption.Count("window")] },
        new("bigbird", "BigBird", "Zaheer et al., NeurIPS 2020", "O(N·s·d)", (shape, options) => new BigBirdAttention(shape, options.Get<int?>("block"), options.Get<int>("random"))) { Options = [AttentionOption.Count("block"), AttentionOption.Count("random", 3, max: 64)] },
        new("reformer", "Reformer", "Kitaev et al., ICLR 2020", "O(N·s·d + N²·d/s)", (shape, options) => new ReformerAttention(shape, options.Get<int?>("chunk"), options.Get<int>("rounds"))) { Options = [AttentionOption.Count("chunk"), AttentionOption.Count("rounds", 4, max: 64)] },
        new("synthesizer-dense", "Synthesizer (dense)", "Tay et al., ICML 2021", "O(N²·(d + N))", shape => new DenseSynthesizer(shape)),
        new("synthesizer-random", "Synthesizer (random)", "Tay et al., ICML 2021", "O(N²·d)", shape => new RandomSynthesizer(shape)),
        new("synthesizer-factorized", "Synthesizer (factorised)", "Tay et al., ICML 2021", "O(N²·(d + k))", (shape, options) => new FactorizedSynthesizer(shape, options.Get<int>("rank"))) { Options = [AttentionOption.Count("rank", 32)] },
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

    /// <summary>Adds every mechanism that a library declares: its public static properties of type <see cref="AttentionEntry"/>.</summary>
    /// <returns>What was added.</returns>
    /// <exception cref="ArgumentException">It declares none, or the name of one is taken.</exception>
    [RequiresUnreferencedCode("The library's types are looked at by reflection, and trimming may have removed them.")]
    public static IReadOnlyList<AttentionEntry> AddFrom(Assembly library)
    {
        AttentionEntry[] entries =
        [
            .. library.GetExportedTypes()
                .SelectMany(type => type.GetProperties(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly))
                .Where(property => property.PropertyType == typeof(AttentionEntry))
                .Select(property => (AttentionEntry)property.GetValue(null)!),
        ];
        if (entries.Length == 0)
            throw new ArgumentException($"{library.GetName().Name} declares no attention: no public static property of type AttentionEntry.");
        foreach (AttentionEntry entry in entries)
            Add(entry);
        return entries;
    }

    /// <summary>The entry of a name, options behind it: <c>polarity(alpha=3,kernel=5)</c>.</summary>
    /// <exception cref="ArgumentException">No such name, or no such option; the message lists those there are.</exception>
    public static AttentionEntry Find(string name)
    {
        int start = name.IndexOf('(', StringComparison.Ordinal);
        if (start < 0)
            return Named(name);
        return name[^1] == ')'
            ? Named(name[..start].TrimEnd()).With(name[(start + 1)..^1])
            : throw new ArgumentException($"The attention '{name}' has no closing parenthesis at its end.");
    }

    /// <summary>Names between commas, those between the parentheses of options apart.</summary>
    /// <param name="texts">Texts that are one list; commas in them may have cut options from their name.</param>
    /// <exception cref="ArgumentException">A parenthesis is not closed.</exception>
    public static string[] Names(IEnumerable<string> texts)
    {
        string text = string.Join(',', texts);
        var names = new List<string>();
        for (int start = 0, depth = 0, i = 0; i <= text.Length; i++)
        {
            depth += i == text.Length ? 0 : text[i] switch { '(' => 1, ')' => -1, _ => 0 };
            if (i == text.Length ? depth != 0 : depth is not (0 or 1))
                throw new ArgumentException($"The parentheses in '{text}' do not match.");
            if (i < text.Length && (text[i] != ',' || depth > 0))
                continue;
            names.Add(text[start..i].Trim());
            start = i + 1;
        }

        return [.. names.Where(name => name.Length > 0)];
    }

    private static AttentionEntry Named(string name) =>
        All.FirstOrDefault(entry => entry.Name == name)
        ?? throw new ArgumentException($"There is no attention '{name}'. {NearestName.Question(name, All.Select(entry => entry.Name))}Registered: {string.Join(", ", All.Select(entry => entry.Name))}. One of your own comes with --plugin and its library.");
}
