using PolaFormer.NN;
using PolaFormer.Tensors;

namespace PolaFormer.Training;

/// <summary>
/// A task whose batches are of one type: <see cref="Batches{TExample, TBatch}"/> shuffles and collates examples in memory. Whatever a
/// task draws by chance follows from <see cref="RandomStep.Current"/> or from the epoch, so that a resumed run equals one never stopped.
/// </summary>
/// <typeparam name="TBatch">What a loader makes of some examples.</typeparam>
/// <param name="device">Where the network and the tensors of batches lie; the default device where null.</param>
public abstract class TrainingTask<TBatch>(Device? device = null) : TrainingTask(device)
{
    /// <summary>The network's results for a batch.</summary>
    public abstract Tensor Predict(Module model, TBatch batch);

    /// <inheritdoc/>
    public override Evaluation? Evaluate(Module model, CancellationToken stop = default) => Evaluate(model, EvaluationBatches(), stop);

    /// <inheritdoc/>
    public override Evaluation? Test(Module model, CancellationToken stop = default) => HasTest ? Evaluate(model, TestBatches(), stop) : base.Test(model, stop);

    internal sealed override bool TrainsFromInputs => HasInputs;

    internal override IEnumerable<TrainingBatch> Results(int epoch, IReadOnlyList<int> numbers)
    {
        bool hasInputs = HasInputs;
        foreach (TBatch batch in TrainingBatches(epoch, numbers))
        {
            int count = CountOf(batch);
            yield return new TrainingBatch(count, () => hasInputs ? Inputs(batch) : [], inputs =>
            {
                if (hasInputs)
                {
                    (Tensor mean, Tensor sums) = Train(inputs);
                    return new BatchResult(count, mean, sums);
                }

                (Tensor predictions, Tensor loss) = Train(batch);
                return ResultOf(predictions, loss, batch);
            });
        }
    }

    /// <summary>Batches of an epoch of training.</summary>
    /// <param name="epoch">From 0.</param>
    /// <param name="numbers">Numbers of the batches in the epoch, from 0, rising: those before were trained on before the run was stopped, those between are other workers'.</param>
    protected abstract IEnumerable<TBatch> TrainingBatches(int epoch, IReadOnlyList<int> numbers);

    /// <summary>The batches that networks are evaluated on, in the same order each time.</summary>
    protected abstract IEnumerable<TBatch> EvaluationBatches();

    /// <summary>The batches that the chosen network is tested on.</summary>
    protected virtual IEnumerable<TBatch> TestBatches() => [];

    /// <summary>The mean loss of a batch, one value.</summary>
    protected abstract Tensor Loss(Tensor predictions, TBatch batch);

    /// <summary>Examples of a batch.</summary>
    protected abstract int CountOf(TBatch batch);

    /// <summary>The sum of each metric over a batch's examples, in the order of the metrics: (metrics), computed on the device by operators.</summary>
    /// <param name="predictions">The network's results, without history.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="loss">Mean loss of the examples, without history.</param>
    protected abstract Tensor Measure(Tensor predictions, TBatch batch, Tensor loss);

    /// <summary>Results and loss in training; a task overrides it whose training loss is another than that of the evaluation.</summary>
    protected virtual (Tensor Predictions, Tensor Loss) Train(TBatch batch)
    {
        Tensor predictions = Predict(Model, batch);
        return (predictions, Loss(predictions, batch));
    }

    /// <summary>
    /// Whether training steps compute from the tensors of <see cref="Inputs"/> and nothing else of a batch. Steps whose inputs have the
    /// same shapes may be repeated by a device as a whole then.
    /// </summary>
    protected virtual bool HasInputs => false;

    /// <summary>The tensors that a training step computes from, where <see cref="HasInputs"/> says so.</summary>
    protected virtual IReadOnlyList<Tensor> Inputs(TBatch batch) => throw new NotSupportedException($"{GetType().Name} does not make inputs of batches.");

    /// <summary>Mean loss and sums of the metrics in training, from <see cref="Inputs"/> alone. Reads no values.</summary>
    protected virtual (Tensor Loss, Tensor Sums) Train(IReadOnlyList<Tensor> inputs) => throw new NotSupportedException($"{GetType().Name} does not train from inputs.");

    private Evaluation? Evaluate(Module model, IEnumerable<TBatch> batches, CancellationToken stop) =>
        Evaluation.Run(model, Metrics, batches.Where((_, number) => number % Workers.Size == Workers.Rank), batch =>
        {
            Tensor predictions = Predict(model, batch);
            return ResultOf(predictions, Loss(predictions, batch), batch);
        }, stop, Workers);

    private BatchResult ResultOf(Tensor predictions, Tensor loss, TBatch batch) =>
        new(CountOf(batch), loss, Measure(predictions.Detach(), batch, loss.Detach()));
}
