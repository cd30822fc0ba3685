using PolaFormer.LongRange;
using PolaFormer.Models;
using PolaFormer.NN;
using PolaFormer.Tensors;
using PolaFormer.Tensors.Autograd;
using PolaFormer.Tensors.Memory;
using PolaFormer.Training;
using PolaFormer.Training.Optimization;

namespace PolaFormer.Reproduction;

/// <summary>
/// A training step of Long Range Arena as the Skyformer repository has it: forward and backward over the parts of a batch, clipping by
/// value, AdamW. Rows are random tokens of full length, without padding.
/// </summary>
internal sealed class SequenceStep : IDisposable
{
    // Bytes, which every task's embeddings have room for.
    private const int Kinds = 256;

    private readonly SequenceClassifier _model;
    private readonly AdamW _optimizer;
    private readonly Tensor _tokens, _targets;
    private readonly int _parts;
    private readonly RepeatedPass _step;
    private ulong _batch;

    /// <summary>Makes the network and a part of a batch.</summary>
    /// <param name="task">Its sizes.</param>
    /// <param name="attention">Mechanism by its name in the registry.</param>
    /// <param name="rows">Rows of a part.</param>
    /// <param name="parts">Parts of a step.</param>
    public SequenceStep(ArenaTask task, string attention, int rows, int parts = 1)
    {
        _parts = parts;
        _model = new SequenceClassifier(new SequenceClassifierConfig
        {
            Attention = attention,
            VocabularySize = task.VocabularySize,
            MaxLength = task.Length,
            NumClasses = task.Classes.Count,
            IsDual = task.IsDual,
        });
        _model.Initialize(0);
        _model.Train();
        _optimizer = new AdamW([new ParameterGroup([.. _model.NamedParameters()], 0)], eps: 1e-6);
        var random = new Random(1);
        long[] tokens = new long[(long)rows * (task.IsDual ? 2 : 1) * task.Length];
        foreach (ref long token in tokens.AsSpan())
            token = random.Next(1, Math.Min(Kinds, task.VocabularySize));
        _tokens = Tensor.From(tokens, task.IsDual ? [rows, 2, task.Length] : [rows, task.Length]);
        _targets = SoftTargets.FromLabels([.. Enumerable.Range(0, rows).Select(row => row % task.Classes.Count)], task.Classes.Count, 0);
        _step = Device.Default.Repeat(Step);
    }

    /// <summary>Runs the step to its end.</summary>
    public void Run()
    {
        _optimizer.Begin(1e-4);
        _step.Run(_batch);
        _batch += (ulong)_parts;
        Device.Default.Synchronize();
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _step.Dispose();

    private Tensor Step()
    {
        _model.ZeroGrad();
        Tensor last = Tensor.Empty([]);
        for (int part = 0; part < _parts; part++)
        {
            RandomStep.Current = new RandomStep(0, _batch + (ulong)part);
            using var scope = MemoryScope.Enter();
            using var tape = Tape.Start();
            Tensor loss = _model.Forward(_tokens).CrossEntropy(_targets).Mean() * (1f / _parts);
            tape.Backward(loss);
            last.CopyFrom(loss.Detach());
        }

        GradientClipping.ByValue(_model.Parameters(), 1);
        _optimizer.Update();
        return last;
    }
}
